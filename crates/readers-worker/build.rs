//! Bounds the memory of the readers' instance: beyond it a file ends its own reading, before the platform ends the isolate.

/// Most bytes of the linear memory. A page of 16 million pixels in colour takes 61 MB to convert; an isolate has 128 MB.
const MAX_MEMORY: usize = 96 * 1024 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=--max-memory={MAX_MEMORY}");
    }
}
