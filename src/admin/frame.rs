//! What the bytes on the admin socket mean: one letter for the kind, the length (`u32`, big-endian), the payload.
//! Bounded on both ends; it must not know what a request does.

use std::io;

use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest payload: a full repaint of the largest terminal is far below.
const LIMIT: usize = 4 * 1024 * 1024;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// To the daemon: a request, as JSON.
    Request = b'R',
    /// To the daemon: the secret that belongs to the request, as it is.
    Secret = b'S',
    /// To the daemon: what the person typed.
    Input = b'I',
    /// To the daemon: columns and rows, two `u16`, big-endian.
    Size = b'W',
    /// To the daemon: what it made is in its place.
    Kept = b'K',
    /// From the daemon: the answer, as JSON.
    Answer = b'A',
    /// From the daemon: why not, as JSON `{exit, text}`.
    Refusal = b'N',
    /// From the daemon: what the person sees.
    Output = b'O',
    /// From the daemon: the dashboard has ended; its exit status, one byte.
    End = b'E',
}

const KINDS: [Kind; 9] = [
    Kind::Request,
    Kind::Secret,
    Kind::Input,
    Kind::Size,
    Kind::Kept,
    Kind::Answer,
    Kind::Refusal,
    Kind::Output,
    Kind::End,
];

/// One frame. Its payload may be a secret, so it is wiped.
#[derive(Clone)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// What it carries.
    pub payload: Zeroizing<Vec<u8>>,
}

impl Frame {
    /// A frame with this payload.
    pub fn new(kind: Kind, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, payload: Zeroizing::new(payload.into()) }
    }

    /// The next frame; none at the end of the stream.
    ///
    /// # Errors
    /// The stream fails, ends within a frame, or says something that is no frame.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let kind = match from.read_u8().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            kind => kind?,
        };
        let kind = KINDS.into_iter().find(|known| *known as u8 == kind).ok_or_else(nonsense)?;
        let len = from.read_u32().await? as usize;
        if len > LIMIT {
            return Err(nonsense());
        }
        let mut payload = Zeroizing::new(vec![0; len]);
        from.read_exact(&mut payload).await?;
        Ok(Some(Self { kind, payload }))
    }

    /// Writes this frame.
    ///
    /// # Errors
    /// The stream fails, or the payload is too large.
    pub async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let len = u32::try_from(self.payload.len())
            .ok()
            .filter(|len| *len as usize <= LIMIT)
            .ok_or_else(nonsense)?;
        let mut head = [self.kind as u8; 5];
        head[1..].copy_from_slice(&len.to_be_bytes());
        to.write_all(&head).await?;
        to.write_all(&self.payload).await?;
        to.flush().await
    }
}

fn nonsense() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is not what keyward speaks; are both the same version?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read() {
        let (mut near, mut far) = tokio::io::duplex(64);
        let sent = tokio::spawn(async move {
            for kind in KINDS {
                Frame::new(kind, vec![7; 100]).write(&mut near).await.unwrap();
            }
        });
        for kind in KINDS {
            let frame = Frame::read(&mut far).await.unwrap().unwrap();
            assert_eq!((frame.kind, frame.payload.len()), (kind, 100));
        }
        assert!(Frame::read(&mut far).await.unwrap().is_none());
        sent.await.unwrap();
    }

    #[tokio::test]
    async fn nonsense_is_refused_before_memory_is_taken() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], &[b'R', 0xff, 0xff, 0xff, 0xff], &[b'R', 0, 0, 0, 9, 1]] {
            assert!(Frame::read(&mut &*bytes).await.is_err(), "{bytes:?}");
        }
    }
}
