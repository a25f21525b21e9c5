//! What charts are made of in great numbers. A piece that is what it was is left alone when the rest is drawn again.

use super::chart::column;
use super::stacks::{Kind, bar};
use crate::components::numbers::percent;
use leptos::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Where it begins from the left and the top, its width and its height.
    Bar(Kind, [u32; 4]),
    /// What is told of a column when the pointer is there.
    Note { number: usize, count: usize, note: String },
    /// A row of the table of numbers, with its place among them.
    Row(usize, String, Vec<String>),
}

/// Draws pieces of which no two are the same, and then only those that come and go.
pub fn pieces(pieces: impl Fn() -> Vec<Piece> + Send + Sync + 'static) -> AnyView {
    let pieces: Box<dyn Fn() -> Vec<Piece> + Send + Sync> = Box::new(pieces);
    view! { <For each=pieces key=Clone::clone children=Piece::draw/> }.into_any()
}

impl Piece {
    fn draw(self) -> AnyView {
        match self {
            Self::Bar(kind, place) => bar(kind, place),
            Self::Note { number, count, note } => {
                let (x, width) = column(number, count);
                view! { <rect x=percent(x) width=percent(width) height="100%"><title>{note}</title></rect> }.into_any()
            }
            Self::Row(_, at, values) => {
                let cell = |value: String| view! { <td class="number">{value}</td> }.into_any();
                view! { <tr><th scope="row">{at}</th>{values.into_iter().map(cell).collect_view()}</tr> }.into_any()
            }
        }
    }
}
