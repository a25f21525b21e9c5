use super::bounds::{
    LATEST_UNIX_NANO, cut_attributes, cut_list, cut_resource, cut_scope, cut_text, is_id, is_optional_id, visit_scope,
};
use super::{Limits, Rejected, Relayed, Said};
use crate::server::relay::shape::Type;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;

impl Relayed for ExportTraceServiceRequest {
    const SHAPE: Type = Type::Traces;

    fn check_and_cut(&mut self, limits: &Limits) -> Rejected {
        let mut rejected = Rejected::default();
        for of_resource in &mut self.resource_spans {
            cut_resource(&mut of_resource.resource, &mut of_resource.schema_url, limits);
            for of_scope in &mut of_resource.scope_spans {
                cut_scope(&mut of_scope.scope, &mut of_scope.schema_url, limits);
                of_scope.spans.retain_mut(|span| rejected.takes(check(span)));
                of_scope.spans.iter_mut().for_each(|span| cut(span, limits));
            }
        }
        rejected
    }

    fn each_said(&mut self, visit: &mut dyn FnMut(Said<'_>)) {
        for of_resource in &mut self.resource_spans {
            visit(Said::Resource(&mut of_resource.resource));
            visit(Said::Text(&mut of_resource.schema_url));
            for of_scope in &mut of_resource.scope_spans {
                visit_scope(&mut of_scope.scope, &mut of_scope.schema_url, visit);
                of_scope.spans.iter_mut().for_each(|span| each_said_in(span, visit));
            }
        }
    }
}

fn each_said_in(span: &mut Span, visit: &mut dyn FnMut(Said<'_>)) {
    visit(Said::Text(&mut span.name));
    visit(Said::Text(&mut span.trace_state));
    visit(Said::Attributes(&mut span.attributes));
    span.status.iter_mut().for_each(|status| visit(Said::Text(&mut status.message)));
    for event in &mut span.events {
        visit(Said::Text(&mut event.name));
        visit(Said::Attributes(&mut event.attributes));
    }
    for link in &mut span.links {
        visit(Said::Text(&mut link.trace_state));
        visit(Said::Attributes(&mut link.attributes));
    }
}

fn check(span: &mut Span) -> Result<(), &'static str> {
    if !is_id::<16>(&span.trace_id) {
        return Err("A trace id is not 16 bytes, or all zero.");
    }
    if !is_id::<8>(&span.span_id) {
        return Err("A span id is not 8 bytes, or all zero.");
    }
    if !is_optional_id::<8>(&mut span.parent_span_id) {
        return Err("A parent's span id is neither empty nor 8 bytes.");
    }
    if span.links.iter().any(|link| !is_id::<16>(&link.trace_id) || !is_id::<8>(&link.span_id)) {
        return Err("A link's ids are not 16 and 8 bytes, or all zero.");
    }
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    if start == 0 || end < start || end > LATEST_UNIX_NANO {
        return Err("A span ends before it starts, or its times are not nanoseconds since 1970.");
    }
    if span.events.iter().any(|event| event.time_unix_nano > LATEST_UNIX_NANO) {
        return Err("An event's time is not in nanoseconds since 1970.");
    }
    Ok(())
}

fn cut(span: &mut Span, limits: &Limits) {
    cut_text(&mut span.name, limits);
    cut_text(&mut span.trace_state, limits);
    if let Some(status) = &mut span.status {
        cut_text(&mut status.message, limits);
    }
    cut_attributes(&mut span.attributes, &mut span.dropped_attributes_count, limits);
    cut_list(&mut span.events, limits.events, &mut span.dropped_events_count);
    cut_list(&mut span.links, limits.links, &mut span.dropped_links_count);
    for event in &mut span.events {
        cut_text(&mut event.name, limits);
        cut_attributes(&mut event.attributes, &mut event.dropped_attributes_count, limits);
    }
    for link in &mut span.links {
        cut_text(&mut link.trace_state, limits);
        cut_attributes(&mut link.attributes, &mut link.dropped_attributes_count, limits);
    }
}
