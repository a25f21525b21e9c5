//! The arrows between the crates, as docs/ARCHITECTURE.md draws them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// What each crate may stand on, and nothing else of this workspace.
const ARROWS: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("telemetry", &[]),
    ("board", &["model"]),
    ("store", &["board", "model", "telemetry"]),
    ("cache", &["board", "model", "telemetry"]),
    ("events", &["board", "model", "telemetry"]),
    ("observatory", &["model"]),
    ("testing", &[]),
    ("app", &["board", "model", "observatory", "telemetry"]),
    ("frontend", &["app", "telemetry"]),
    ("server", &["app", "board", "cache", "events", "model", "observatory", "store", "telemetry"]),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn crates_stand_only_on_those_below_them() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let members: Vec<&str> = packages.iter().map(|package| text(&package["name"])).collect();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    assert_eq!(members.len(), allowed.len(), "{members:?}");
    for package in packages {
        let name = text(&package["name"]);
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = text(&dependency["name"]);
            let inside = members.contains(&to) && text(&dependency["kind"]) != "dev";
            assert!(!inside || allowed[name].contains(&to), "{name} -> {to} is not an arrow of the architecture");
        }
    }
}

#[test]
fn what_the_browser_loads_has_no_server_engine_in_it() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let app = packages.iter().find(|package| package["name"] == "app").unwrap();
    for dependency in app["dependencies"].as_array().unwrap() {
        if matches!(text(&dependency["name"]), "board" | "observatory" | "axum" | "leptos_axum") {
            assert_eq!(dependency["optional"], true, "{dependency}");
        }
    }
}
