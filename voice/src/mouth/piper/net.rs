//! A voice's net in memory. Numbers of phonemes go in, samples come out.

use super::description::Description;
use crate::mouth::synthesizer::Sound;
use rten::{Model, ModelOptions, NodeId, OpRegistry, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Nine times the largest of Piper's own.
const LARGEST: u64 = 1 << 30;
/// Seconds that one piece may last, spoken as slowly as can be.
const LONGEST: usize = 300;
/// What is quieter is not made loud: it is silence.
const QUIETEST: f32 = 0.01;

pub struct Net {
    model: Model,
    input: NodeId,
    lengths: NodeId,
    scales: NodeId,
    speaker: Option<NodeId>,
    output: NodeId,
}

impl Net {
    /// Blocks for as long as the disk takes. The reason why it cannot be worked with.
    pub fn load(path: &Path) -> Result<Self, String> {
        let length = path.metadata().map_err(|error| error.to_string())?.len();
        if length > LARGEST {
            return Err("it is larger than any voice".to_owned());
        }
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        // From its bytes: a file may name others to be read, and has no business with them.
        let model = ModelOptions::with_ops(OpRegistry::with_all_ops()).load(bytes);
        let model = model.map_err(|error| format!("it is no voice that can be used: {error}"))?;
        let named = |name: &str| {
            let is_named = |id: &&NodeId| model.node_info(**id).and_then(|node| node.name()) == Some(name);
            model.input_ids().iter().find(is_named).copied()
        };
        let needed = |name: &str| named(name).ok_or_else(|| format!("it is no voice: it takes no {name}"));
        let (input, lengths, scales) = (needed("input")?, needed("input_lengths")?, needed("scales")?);
        let speaker = named("sid");
        if model.input_ids().len() > 3 + usize::from(speaker.is_some()) {
            return Err("it is no voice: it wants to be told more than a voice does".to_owned());
        }
        let output = *model.output_ids().first().ok_or("it is no voice: nothing comes out")?;
        Ok(Self { model, input, lengths, scales, speaker, output })
    }

    /// Whether it must be told who speaks.
    pub fn has_speakers(&self) -> bool {
        self.speaker.is_some()
    }

    /// Blocks. As the net makes them.
    pub fn samples(
        &self,
        ids: &[i32],
        scales: [f32; 3],
        speaker: Option<i32>,
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<f32>, String> {
        self.run(ids, scales, speaker, threads, Vec::new())
    }

    /// With noise of somebody's in the places where it would draw its own.
    pub(super) fn run(
        &self,
        ids: &[i32],
        scales: [f32; 3],
        speaker: Option<i32>,
        threads: &Arc<ThreadPool>,
        drawn: Vec<(NodeId, ValueOrView<'_>)>,
    ) -> Result<Vec<f32>, String> {
        let length = i32::try_from(ids.len()).map_err(|error| error.to_string())?;
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![
            (self.input, Tensor::from_data(&[1, ids.len()], ids.to_vec()).into()),
            (self.lengths, Tensor::from_data(&[1], vec![length]).into()),
            (self.scales, Tensor::from_data(&[3], scales.to_vec()).into()),
        ];
        if let Some(node) = self.speaker {
            inputs.push((node, Tensor::from_data(&[1], vec![speaker.unwrap_or_default()]).into()));
        }
        inputs.extend(drawn);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(threads)));
        let made =
            self.model.run(inputs, &[self.output], Some(options)).map_err(|error| error.to_string())?;
        let made: Value = made.into_iter().next().ok_or("nothing came out")?;
        let made: Tensor<f32> = made.try_into().map_err(|_| "what came out is no sound".to_owned())?;
        Ok(made.to_vec())
    }

    #[cfg(test)]
    pub(super) fn node(&self, name: &str) -> NodeId {
        self.model.node_id(name).expect("the export's name for it")
    }
}

/// As loud as can be, as Piper has it, and then as loud as is wished.
pub fn sound(samples: &[f32], volume: f32, description: &Description) -> Result<Sound, String> {
    let rate = description.rate;
    if samples.len() > LONGEST * rate as usize {
        return Err("what came out is longer than anybody speaks".to_owned());
    }
    if samples.iter().any(|sample| !sample.is_finite()) {
        return Err("what came out is no sound".to_owned());
    }
    let loudest = samples.iter().fold(QUIETEST, |loudest, sample| loudest.max(sample.abs()));
    let factor = f32::from(i16::MAX) / loudest * volume;
    Ok(Sound { rate, samples: samples.iter().map(|sample| (sample * factor).round() as i16).collect() })
}
