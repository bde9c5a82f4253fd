//! A request's body that can be sent a second time: what was read of it is kept, the first mebibyte in memory, the rest
//! in a file without a name, in the folder it is given.
//!
//! Where it cannot be kept it still passes once. One that its sender broke off never ends well, however often it is read.

use super::{Body, BoxError};
use bytes::{Bytes, BytesMut};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

const IN_MEMORY: usize = 1 << 20;
const PIECE: usize = 64 * 1024;

/// One body, handed out as often as needed, one reader at a time.
#[derive(Clone)]
pub struct Spool(Arc<Mutex<Kept>>);

struct Kept {
    source: Source,
    memory: BytesMut,
    file: Option<File>,
    folder: Arc<Path>,
    /// Bytes that were read of it so far.
    length: u64,
    /// What was read is not there for another reader.
    is_lost: bool,
}

enum Source {
    Flows(Body),
    Ended,
    /// Its sender did not bring it to an end.
    BrokeOff,
}

/// Reads it from its beginning: what is kept first, then what still comes.
struct Reading {
    spool: Spool,
    at: u64,
}

impl Spool {
    pub fn new(source: Body, folder: Arc<Path>) -> Self {
        let source = if source.is_end_stream() { Source::Ended } else { Source::Flows(source) };
        let (memory, file, length, is_lost) = (BytesMut::new(), None, 0, false);
        Self(Arc::new(Mutex::new(Kept { source, memory, file, folder, length, is_lost })))
    }

    pub fn read(&self) -> Body {
        Reading { spool: self.clone(), at: 0 }.boxed_unsync()
    }

    pub fn can_be_read_again(&self) -> bool {
        let kept = self.kept();
        !kept.is_lost && !matches!(kept.source, Source::BrokeOff)
    }

    /// Nobody will read it again: whoever reads it now gets the rest, and nothing is kept.
    pub fn let_go(&self) {
        self.kept().lose();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn lose(&mut self) {
        (self.memory, self.file, self.is_lost) = (BytesMut::new(), None, true);
    }

    fn keep(&mut self, piece: &Bytes) -> std::io::Result<()> {
        if self.file.is_none() && self.memory.len() + piece.len() <= IN_MEMORY {
            self.memory.extend_from_slice(piece);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(nameless(&self.folder)?),
        };
        file.seek(SeekFrom::End(0))?;
        file.write_all(piece)
    }

    /// What is kept from there on, a piece of it.
    fn piece(&mut self, at: u64) -> std::io::Result<Bytes> {
        if self.is_lost {
            return Err(std::io::Error::other("what was sent before is not kept"));
        }
        let in_memory = self.memory.len() as u64;
        if at < in_memory {
            return Ok(Bytes::copy_from_slice(&self.memory[at as usize..]));
        }
        let file = self.file.as_mut().expect("what is not in memory is in the file");
        file.seek(SeekFrom::Start(at - in_memory))?;
        let mut piece = vec![0; PIECE.min((self.length - at) as usize)];
        file.read_exact(&mut piece)?;
        Ok(piece.into())
    }
}

/// A file to be written and read, gone from its folder before anything is in it.
pub fn nameless(folder: &Path) -> std::io::Result<File> {
    let path = folder.join(format!("whisperengine-{}", uuid::Uuid::new_v4()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let spool = self.spool.clone();
        let mut kept = spool.kept();
        if self.at < kept.length {
            let piece = kept.piece(self.at)?;
            self.at += piece.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        loop {
            let source = match &mut kept.source {
                Source::Flows(source) => source,
                Source::Ended => return Poll::Ready(None),
                Source::BrokeOff => return Poll::Ready(Some(Err("its sender broke it off".into()))),
            };
            match Pin::new(source).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    kept.source = Source::Ended;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    kept.source = Source::BrokeOff;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // No contract has trailers.
                    if let Ok(piece) = frame.into_data() {
                        if !kept.is_lost && kept.keep(&piece).is_err() {
                            kept.lose();
                        }
                        kept.length += piece.len() as u64;
                        self.at += piece.len() as u64;
                        return Poll::Ready(Some(Ok(Frame::data(piece))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let kept = self.spool.kept();
        matches!(kept.source, Source::Ended) && self.at == kept.length
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.spool.kept();
        let rest = kept.length - self.at;
        match &kept.source {
            Source::Ended => SizeHint::with_exact(rest),
            Source::BrokeOff => SizeHint::default(),
            Source::Flows(source) => match source.size_hint().exact() {
                Some(more) => SizeHint::with_exact(rest + more),
                None => SizeHint::default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{Full, StreamBody};

    fn spooled(body: Body) -> Spool {
        Spool::new(body, std::env::temp_dir().into())
    }

    async fn whole(body: Body) -> Vec<u8> {
        body.collect().await.expect("it is whole").to_bytes().to_vec()
    }

    fn streamed(pieces: usize) -> (Body, Vec<u8>) {
        let all: Vec<u8> = (0..pieces).flat_map(|number| vec![number as u8; 40_000]).collect();
        let frames: Vec<_> =
            all.chunks(40_000).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        (StreamBody::new(futures::stream::iter(frames)).boxed_unsync(), all)
    }

    #[tokio::test]
    async fn it_is_the_same_each_time_small_or_large() {
        for pieces in [0, 1, 26, 27, 100] {
            let (body, all) = streamed(pieces);
            let spool = spooled(body);
            for _ in 0..3 {
                assert_eq!(whole(spool.read()).await, all, "{pieces} pieces");
            }
        }
    }

    #[tokio::test]
    async fn a_second_reader_begins_where_the_first_one_did_and_goes_on_beyond_where_it_broke_off() {
        let (body, all) = streamed(60);
        let spool = spooled(body);
        let mut first = spool.read();
        for _ in 0..30 {
            first.frame().await.expect("a piece").expect("whole");
        }
        drop(first);
        assert_eq!(whole(spool.read()).await, all);
    }

    #[tokio::test]
    async fn one_that_was_broken_off_is_never_taken_for_a_whole_one() {
        let frames = [Ok(Frame::data(Bytes::from_static(b"half"))), Err(BoxError::from("the sender left"))];
        let spool = spooled(StreamBody::new(futures::stream::iter(frames)).boxed_unsync());
        for _ in 0..3 {
            spool.read().collect().await.expect_err("it never ended");
            assert!(!spool.can_be_read_again());
        }
    }

    #[tokio::test]
    async fn whoever_reads_it_when_it_is_let_go_gets_the_rest_and_nobody_else_does() {
        let (body, all) = streamed(60);
        let spool = spooled(body);
        let mut first = spool.read();
        let begin = first.frame().await.expect("a piece").expect("whole").into_data().expect("bytes");
        spool.let_go();
        assert_eq!([begin.to_vec(), whole(first).await].concat(), all);
        assert!(!spool.can_be_read_again());
        spool.read().collect().await.expect_err("it is not kept");
    }

    #[test]
    fn its_length_is_known_where_it_was() {
        let full = Full::new(Bytes::from_static(b"abc")).map_err(|never| match never {}).boxed_unsync();
        let spool = spooled(full);
        assert_eq!(http_body::Body::size_hint(&spool.read()).exact(), Some(3));
        let none = spooled(http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync());
        assert!(http_body::Body::is_end_stream(&none.read()));
    }
}
