//! An open file handed over the admin socket, so that the daemon writes where the client may, with the client's rights,
//! and needs none of its own there.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The one byte that a file travels with.
const WITH: [u8; 1] = [b'F'];

/// Hands a file over; both ends have it then.
pub(super) async fn send(stream: &UnixStream, file: &File) -> io::Result<()> {
    let sent = stream.async_io(Interest::WRITABLE, || {
        let files = [file.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        with.push(SendAncillaryMessage::ScmRights(&files));
        Ok(sendmsg(stream, &[IoSlice::new(&WITH)], &mut with, SendFlags::empty())?)
    });
    sent.await.map(drop)
}

/// The file that the other end hands over.
pub(super) async fn receive(stream: &UnixStream) -> io::Result<File> {
    stream
        .async_io(Interest::READABLE, || {
            let (mut byte, mut space) = ([0], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
            let mut with = RecvAncillaryBuffer::new(&mut space);
            recvmsg(stream, &mut [IoSliceMut::new(&mut byte)], &mut with, RecvFlags::CMSG_CLOEXEC)?;
            let files = with.drain().find_map(|message| match message {
                RecvAncillaryMessage::ScmRights(mut files) => files.next(),
                _ => None,
            });
            files.map(File::from).ok_or_else(|| io::ErrorKind::InvalidData.into())
        })
        .await
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[tokio::test]
    async fn what_one_end_writes_is_in_the_others_file() {
        let (near, far) = UnixStream::pair().unwrap();
        let mut mine = tempfile::tempfile().unwrap();
        let (sent, received) = tokio::join!(send(&near, &mine), receive(&far));
        sent.unwrap();
        received.unwrap().write_all(b"through the socket").unwrap();
        mine.rewind().unwrap();
        let mut text = String::new();
        mine.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through the socket");
    }

    #[tokio::test]
    async fn bytes_without_a_file_are_refused() {
        let (near, far) = UnixStream::pair().unwrap();
        near.writable().await.unwrap();
        near.try_write(&WITH).unwrap();
        assert_eq!(receive(&far).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
