//! Has the linker pack the program's relative relocations (`DT_RELR` of the generic ELF ABI): some sixty thousand
//! addresses, for which an idle daemon would else hold 1.6 MB. Not where the program would not start then: loaders
//! before glibc 2.36 do not know them.

use std::process::Command;

/// The first glibc whose loader reads packed relocations.
const FIRST: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if native_linux() && glibc().is_some_and(|version| version >= FIRST) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether this is built for a Linux like the one that it is built on: another one's C library is not known here.
#[expect(clippy::disallowed_methods, reason = "what cargo says of a build is no setting")]
fn native_linux() -> bool {
    let of = |name| std::env::var(name).unwrap_or_default();
    of("TARGET") == of("HOST") && of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu"
}

/// This machine's glibc, which says of itself `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    let mut numbers = said.trim().strip_prefix("glibc ")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
