//! Embedded files are built again when the front end was.

fn main() {
    println!("cargo::rerun-if-env-changed=GLASSBOARD_SITE_DIR");
    if let Ok(site) = std::env::var("GLASSBOARD_SITE_DIR") {
        println!("cargo::rerun-if-changed={site}");
    }
}
