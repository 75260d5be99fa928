//! The safe crate reaches every function of the C interface.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

#[test]
fn every_function_is_called() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bindings = fs::read_to_string(here.join("../cnn-sys/src/bindings.rs")).unwrap();
    let mut sources = String::new();
    for file in fs::read_dir(here.join("src")).unwrap() {
        sources += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let functions: Vec<&str> = bindings
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn "))
        .filter_map(|line| line.split('(').next())
        .collect();
    assert!(functions.len() > 90, "{:?}", functions);
    let missing: Vec<_> =
        functions.iter().filter(|name| !sources.contains(&format!("sys::{}(", name))).collect();
    assert!(missing.is_empty(), "{:?}", missing);
}

#[test]
fn every_field_is_used() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bindings = fs::read_to_string(here.join("../cnn-sys/src/bindings.rs")).unwrap();
    let mut sources = String::new();
    for file in fs::read_dir(here.join("src")).unwrap() {
        sources += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let words: HashSet<&str> = sources.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    // In place of these of cnn_samples there are views, as for several inputs and losses.
    let replaced = [
        "inputs",
        "input_elements",
        "input_type",
        "input_layout",
        "targets",
        "target_elements",
        "labels",
        "label_elements",
        "label_type",
    ];
    let mut of = "";
    let mut missing = Vec::new();
    for line in bindings.lines() {
        if let Some(name) = line.strip_prefix("pub struct ") {
            of = name.split(' ').next().unwrap();
        } else if let Some(field) = line.strip_prefix("    pub ") {
            let field = field.split(':').next().unwrap();
            let unused = field.starts_with("reserved") || field.starts_with("fn ");
            let unused = unused || of == "cnn_samples" && replaced.contains(&field);
            if !unused && !words.contains(field) {
                missing.push(format!("{}.{}", of, field));
            }
        }
    }
    assert!(missing.is_empty(), "{:?}", missing);
}
