//! Spans in any order become a tree.

use crate::attributes;
use model::{Part, Span, Timestamp, Trace, TraceId};
use std::collections::{HashMap, HashSet};

/// Where a span stands; its place in the tree follows from this alone, whatever the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub id: u64,
    pub parent: Option<u64>,
    pub start_ns: u64,
}

/// A span with its node. Depth, `orphan` and the times are set by [`assemble`].
#[derive(Debug)]
pub struct LooseSpan {
    pub node: Node,
    pub end_ns: u64,
    /// Of each event.
    pub events_at_ns: Vec<u64>,
    pub span: Span,
}

/// The tree of a trace, times relative to its first span's start.
pub fn assemble(trace_id: TraceId, spans: Vec<LooseSpan>) -> Trace {
    let nodes: Vec<Node> = spans.iter().map(|loose| loose.node).collect();
    let start_ns = nodes.iter().map(|node| node.start_ns).min().unwrap_or_default();
    let end_ns = spans.iter().map(|loose| loose.end_ns).max().unwrap_or_default();
    let title = topmost(&nodes).map(|at| &spans[at].span).map(title_of).unwrap_or_default();
    let mut spans: Vec<Option<LooseSpan>> = spans.into_iter().map(Some).collect();
    let placed = in_tree_order(&nodes).into_iter().filter_map(|place| {
        let LooseSpan { node, end_ns, events_at_ns, mut span } = spans[place.at].take()?;
        span.depth = place.depth;
        span.orphan = place.orphan;
        span.start_us = micros_between(start_ns, node.start_ns);
        span.duration_us = end_ns.saturating_sub(node.start_ns) / 1000;
        for (event, at_ns) in span.events.iter_mut().zip(events_at_ns) {
            event.at_us = micros_between(start_ns, at_ns);
        }
        Some(span)
    });
    Trace {
        trace_id,
        title,
        started_at: timestamp(start_ns),
        duration_us: end_ns.saturating_sub(start_ns) / 1000,
        spans: placed.collect(),
    }
}

pub fn timestamp(ns: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX))
}

fn micros_between(from_ns: u64, to_ns: u64) -> i64 {
    let distance = i64::try_from(from_ns.abs_diff(to_ns) / 1000).unwrap_or(i64::MAX);
    if to_ns < from_ns { -distance } else { distance }
}

/// The span that a trace is named after: the first root; while that has not come, the first whose parent has not.
pub fn topmost(nodes: &[Node]) -> Option<usize> {
    let ids: HashSet<u64> = nodes.iter().map(|node| node.id).collect();
    let rank = |node: &Node| match node.parent {
        None => 0,
        Some(parent) if !ids.contains(&parent) => 1,
        // In a loop of parents nobody is above.
        Some(_) => 2,
    };
    (0..nodes.len()).min_by_key(|at| (rank(&nodes[*at]), nodes[*at].start_ns, nodes[*at].id))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    at: usize,
    depth: u32,
    orphan: bool,
}

/// Every node once: children behind their parent, by start. A loop of parents is cut at its first node.
fn in_tree_order(nodes: &[Node]) -> Vec<Place> {
    let mut by_start: Vec<usize> = (0..nodes.len()).collect();
    by_start.sort_unstable_by_key(|at| (nodes[*at].start_ns, nodes[*at].id));
    let ids: HashSet<u64> = nodes.iter().map(|node| node.id).collect();
    let mut children: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for at in &by_start {
        match nodes[*at].parent.filter(|parent| ids.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(*at),
            None => tops.push(*at),
        }
    }
    let mut places = Vec::with_capacity(nodes.len());
    let mut placed = vec![false; nodes.len()];
    // Whatever the tops do not lead to is in a loop, or below one.
    for top in tops.into_iter().chain(by_start) {
        let mut waiting = vec![(top, 0)];
        while let Some((at, depth)) = waiting.pop() {
            if std::mem::replace(&mut placed[at], true) {
                continue;
            }
            let orphan = depth == 0 && nodes[at].parent.is_some();
            places.push(Place { at, depth, orphan });
            let below = children.get(&nodes[at].id).into_iter().flatten();
            waiting.extend(below.rev().map(|child| (*child, depth + 1)));
        }
    }
    places
}

fn title_of(span: &Span) -> String {
    let attribute = |key: &str| span.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    title(&span.name, span.part, attribute)
}

/// What the person did: `click "Post"`, `documentLoad /messages`, or a server span's own name.
pub fn title<'a>(name: &str, part: Part, attribute: impl Fn(&str) -> Option<&'a str>) -> String {
    if part != Part::Browser {
        return name.to_owned();
    }
    if let Some(target) = attribute(attributes::TARGET_NAME).filter(|target| !target.is_empty()) {
        return format!("{name} \"{target}\"");
    }
    let path = attribute(attributes::URL_PATH)
        .or_else(|| attribute(attributes::URL_FULL).and_then(path_of))
        .or_else(|| attribute(attributes::HTTP_ROUTE));
    path.map_or_else(|| name.to_owned(), |path| format!("{name} {path}"))
}

fn path_of(url: &str) -> Option<&str> {
    let (_, behind) = url.split_once("://")?;
    let path = &behind[behind.find('/')?..];
    path.split(['?', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::{Node, in_tree_order, path_of, topmost};
    use proptest::prelude::*;

    fn node(id: u64, parent: u64, start_ns: u64) -> Node {
        Node { id, parent: (parent != 0).then_some(parent), start_ns }
    }

    /// (id, depth, orphan) in order.
    fn tree(nodes: &[Node]) -> Vec<(u64, u32, bool)> {
        in_tree_order(nodes).into_iter().map(|place| (nodes[place.at].id, place.depth, place.orphan)).collect()
    }

    #[test]
    fn children_follow_their_parent_by_start() {
        let nodes = [node(4, 2, 40), node(3, 1, 30), node(1, 0, 10), node(2, 1, 20), node(5, 3, 35)];
        let expected = [(1, 0, false), (2, 1, false), (4, 2, false), (3, 1, false), (5, 2, false)];
        assert_eq!(tree(&nodes), expected);
    }

    #[test]
    fn a_span_whose_parent_never_came_is_an_orphan_on_top() {
        let nodes = [node(1, 0, 10), node(2, 9, 5), node(3, 2, 6)];
        assert_eq!(tree(&nodes), [(2, 0, true), (3, 1, false), (1, 0, false)]);
        assert_eq!(topmost(&nodes), Some(0));
        assert_eq!(topmost(&nodes[1..]), Some(0));
    }

    #[test]
    fn loops_of_parents_are_cut() {
        assert_eq!(tree(&[node(1, 1, 1)]), [(1, 0, true)]);
        let nodes = [node(2, 1, 2), node(1, 3, 1), node(3, 2, 3), node(4, 3, 4)];
        assert_eq!(tree(&nodes), [(1, 0, true), (2, 1, false), (3, 2, false), (4, 3, false)]);
        assert_eq!(topmost(&nodes), Some(1));
    }

    #[test]
    fn a_chain_as_deep_as_a_trace_may_be_is_no_problem() {
        let nodes: Vec<Node> = (1..=100_000).map(|id| node(id, id - 1, id)).collect();
        assert_eq!(tree(&nodes).last(), Some(&(100_000, 99_999, false)));
    }

    #[test]
    fn the_path_of_a_url_has_no_host_and_no_query() {
        assert_eq!(path_of("http://localhost:3000/fn/messages/post?x=1#y"), Some("/fn/messages/post"));
        assert_eq!(path_of("http://localhost:3000"), None);
        assert_eq!(path_of("nonsense"), None);
    }

    proptest! {
        #[test]
        fn every_span_is_placed_once_and_below_its_parent(parents in proptest::collection::vec(0_u64..12, 0..12)) {
            let nodes: Vec<Node> = parents.iter().zip(1..).map(|(parent, id)| node(id, *parent, id % 5)).collect();
            let tree = tree(&nodes);
            let mut ids: Vec<u64> = tree.iter().map(|(id, ..)| *id).collect();
            for (at, (id, depth, orphan)) in tree.iter().enumerate() {
                let parent = nodes.iter().find(|node| node.id == *id).and_then(|node| node.parent);
                prop_assert_eq!(*depth == 0, parent.is_none() || *orphan);
                if *depth > 0 {
                    let above = tree[..at].iter().rev().find(|(_, above, _)| above < depth);
                    prop_assert_eq!(above.map(|(id, above, _)| (Some(*id), above + 1)), Some((parent, *depth)));
                }
            }
            ids.sort_unstable();
            prop_assert_eq!(ids, (1..=nodes.len() as u64).collect::<Vec<_>>());
        }

        #[test]
        fn the_order_of_arrival_does_not_matter(
            nodes in Just(vec![node(1, 0, 1), node(2, 1, 2), node(3, 1, 2), node(4, 9, 1), node(5, 6, 3), node(6, 5, 3)]).prop_shuffle()
        ) {
            let expected = [(1, 0, false), (2, 1, false), (3, 1, false), (4, 0, true), (5, 0, true), (6, 1, false)];
            prop_assert_eq!(tree(&nodes), expected);
        }
    }
}
