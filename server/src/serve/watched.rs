//! A client that asks and closes at once, as a page does that is left, has its answer worked out all the same: hyper is told to
//! let it. Only a stream of events would then go on for nobody, until writing fails: it ends with its reader.

use std::io::{Error, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection that looks whether its client is still there, while a stream of events goes out.
pub struct Watched {
    stream: TcpStream,
    streams: Arc<AtomicBool>,
}

impl Watched {
    pub const fn new(stream: TcpStream, streams: Arc<AtomicBool>) -> Self {
        Self { stream, streams }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Whatever wakes the connection, it flushes; so here the reader's end is noticed, and asked to wake it.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.streams.load(Ordering::Relaxed) {
            let mut byte = [0];
            if let Poll::Ready(said) = self.stream.poll_peek(context, &mut ReadBuf::new(&mut byte))
                && said? == 0
            {
                return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
