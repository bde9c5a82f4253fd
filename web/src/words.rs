//! What the pages say, by name: one Fluent catalogue, so that no sentence is built from pieces.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The system pages have a file of their own.
const CATALOGUE: &str = concat!(include_str!("../assets/en.ftl"), include_str!("../assets/en-system.ftl"));

pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    /// The catalogue ships inside the program, and a test reads all of it.
    pub fn english() -> Arc<Self> {
        static ENGLISH: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(Words::read(CATALOGUE)));
        ENGLISH.clone()
    }

    fn read(catalogue: &str) -> Self {
        let resource =
            FluentResource::try_new(catalogue.to_owned()).expect("the catalogue is read by a test");
        let language = "en".parse().expect("a language tag");
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // The marks around names keep mixed directions apart, but a page has `dir=auto` for that.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).expect("the catalogue names each message once");
        Self { bundle }
    }

    pub fn say(&self, name: &str) -> String {
        self.tell(name, &BTreeMap::new())
    }

    pub fn say_with(&self, name: &str, argument: &str, value: &str) -> String {
        self.tell(name, &BTreeMap::from([(argument, value)]))
    }

    pub fn say_all(&self, name: &str, arguments: &[(&str, &str)]) -> String {
        self.tell(name, &arguments.iter().copied().collect())
    }

    /// With numbers, by which a message can choose its form.
    pub fn say_counting(&self, name: &str, numbers: &[(&str, f64)]) -> String {
        let Some(pattern) = self.bundle.get_message(name).and_then(|message| message.value()) else {
            return name.to_owned();
        };
        let given: FluentArgs<'_> = numbers.iter().map(|(name, number)| (*name, *number)).collect();
        self.bundle.format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned()
    }

    /// A message that is missing shows its name: seen at once, and a test finds it before.
    fn tell(&self, name: &str, arguments: &BTreeMap<&str, &str>) -> String {
        let Some(pattern) = self.bundle.get_message(name).and_then(|message| message.value()) else {
            return name.to_owned();
        };
        let mut given = FluentArgs::new();
        for (argument, value) in arguments {
            given.set(*argument, *value);
        }
        self.bundle.format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned()
    }

    #[cfg(test)]
    pub fn names() -> impl Iterator<Item = &'static str> {
        CATALOGUE.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name)
    }

    #[cfg(test)]
    pub fn has(&self, name: &str) -> bool {
        self.bundle.has_message(name)
    }
}
