//! Lets the built programs find libtorch by themselves: its folder goes into their run path, so that neither
//! `LD_LIBRARY_PATH` nor an activation is needed.

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    println!("cargo::rerun-if-changed=build.rs");
    match std::env::var("LIBTORCH") {
        Ok(libtorch) => println!("cargo::rustc-link-arg=-Wl,-rpath,{libtorch}/lib"),
        Err(_) => println!(
            "cargo::warning=LIBTORCH is not set: run scripts/setup once, it writes .cargo/config.toml"
        ),
    }
}
