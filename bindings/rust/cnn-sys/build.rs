// Tells the linker where libcnn is: in CNN_LIB_DIR, or else where pkg-config says.
use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    for name in ["CNN_LIB_DIR", "PKG_CONFIG", "PKG_CONFIG_PATH"] {
        println!("cargo:rerun-if-env-changed={}", name);
    }
    let wants_static = env::var_os("CARGO_FEATURE_STATIC").is_some();
    match env::var("CNN_LIB_DIR") {
        Ok(folder) => from_folder(&folder, wants_static),
        Err(_) => from_pkg_config(wants_static),
    }
}

fn from_folder(folder: &str, wants_static: bool) {
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let file = match (wants_static, target.as_str()) {
        (true, _) => "libcnn.a",
        (false, "windows") => "libcnn.dll.a",
        (false, "macos") => "libcnn.dylib",
        (false, _) => "libcnn.so",
    };
    let path = Path::new(folder).join(file);
    if !path.exists() {
        give_up(&format!("CNN_LIB_DIR is {}, which has no {}", folder, file));
    }
    // A library that was made anew is linked anew.
    println!("cargo:rerun-if-changed={}", path.display());
    search(folder);
    if wants_static {
        println!("cargo:rustc-link-lib=static=cnn");
        for name in private_libraries(&target) {
            println!("cargo:rustc-link-lib={}", name);
        }
    } else {
        println!("cargo:rustc-link-lib=dylib=cnn");
    }
}

/// What a static libcnn needs beside what Rust programs have anyway: Libs.private of its cnn.pc.
fn private_libraries(target: &str) -> &'static [&'static str] {
    match target {
        "macos" => &["c++"],
        "windows" => &["stdc++"],
        _ => &["stdc++", "m", "pthread", "dl"],
    }
}

fn from_pkg_config(wants_static: bool) {
    let mut arguments = vec!["--libs", "cnn >= 0.1.0"];
    if wants_static {
        // rustc looks for static libraries only where it is told to, the system's folders or not.
        search(pkg_config(&["--variable=libdir", "cnn"]).trim());
        arguments.push("--static");
    }
    for flag in pkg_config(&arguments).split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-L") {
            search(folder);
        } else if let Some(name) = flag.strip_prefix("-l") {
            let kind = if wants_static && name == "cnn" { "static=" } else { "" };
            println!("cargo:rustc-link-lib={}{}", kind, name);
        }
    }
}

fn pkg_config(arguments: &[&str]) -> String {
    let tool = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    match Command::new(&tool).args(arguments).output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) => give_up(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => give_up(&format!("{} can't be run ({})", tool, error)),
    }
}

/// `folder` also goes to who depends on this crate, as DEP_CNN_LIB_DIR.
fn search(folder: &str) {
    println!("cargo:rustc-link-search=native={}", folder);
    println!("cargo:lib_dir={}", folder);
}

fn give_up(why: &str) -> ! {
    eprintln!(
        "libcnn wasn't found: {}\nInstall it, or set CNN_LIB_DIR to the folder that has it, or \
         PKG_CONFIG_PATH to the one that has its cnn.pc.",
        why
    );
    std::process::exit(1);
}
