//! What was clicked or submitted: its accessible name and where it is, never what was typed.

use super::{labels, page};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

/// Elements that a reader expects to do something. Labels are missing on purpose: the browser clicks their control.
const INTERACTIVE: &str = "a[href],button,summary,select,[role=button],[role=link],[role=tab],[role=menuitem],\
    [role=switch],[role=checkbox],input[type=submit],input[type=button],input[type=reset],input[type=image],\
    input[type=checkbox],input[type=radio]";
/// Elements that tell where in the page another one is.
const LANDMARKS: &str = "[id],form,nav,main,header,footer,dialog";

/// The interactive element at or around the event's target.
pub(super) fn interactive(event: &Event) -> Option<Element> {
    element(event)?.closest(INTERACTIVE).ok().flatten()
}

pub(super) fn element(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// `aria-label`, else the label's, else the element's own text, else its title. Values of inputs are not looked at. Where the label
/// tells what a person wrote, `data-name` says what is recorded instead.
pub(super) fn name(element: &Element) -> String {
    let labelled = || page::get(&page::get(&page::get(element, "labels"), "0"), "textContent").as_string();
    // A form's text is all that is in it.
    let own = || if element.tag_name() == "FORM" { None } else { element.text_content() };
    let told = |text: &String| !text.trim().is_empty();
    let name = element
        .get_attribute("data-name")
        .or_else(|| element.get_attribute("aria-label"))
        .filter(told)
        .or_else(|| labelled().filter(told))
        .or_else(|| own().filter(told))
        .or_else(|| element.get_attribute("title"));
    labels::short(&name.unwrap_or_default())
}

/// Such as `form#post > button`: the element, and the nearest landmark around it.
pub(super) fn path(element: &Element) -> String {
    let landmark = element.parent_element().and_then(|parent| parent.closest(LANDMARKS).ok().flatten());
    match landmark {
        Some(landmark) => [step(&landmark), step(element)].join(" > "),
        None => step(element),
    }
}

fn step(element: &Element) -> String {
    // Not `element.id()`: in a form with a field named "id", that is the field.
    let id = element.get_attribute("id").unwrap_or_default();
    labels::step(&element.tag_name(), &id, element.get_attribute("role").as_deref())
}
