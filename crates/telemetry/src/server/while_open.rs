use super::recorder::Held;
use std::pin::Pin;
use std::task::{Context, Poll};
use tracing::span::Id;

/// A future that belongs to a span for as long as that is open, and does not keep it open: background work that may go on.
pub struct WhileOpen<F> {
    span: Option<(Id, [u8; 8])>,
    future: F,
}

impl<F> WhileOpen<F> {
    /// Belongs to the span that is current now.
    pub fn current(future: F) -> Self {
        Self { span: Held::current(), future }
    }
}

impl<F: Future + Unpin> Future for WhileOpen<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let held = self.span.as_ref().and_then(|(id, span_id)| Held::again(id, span_id));
        if held.is_none() {
            self.span = None;
        }
        let polled = Pin::new(&mut self.future).poll(context);
        drop(held);
        polled
    }
}
