//! The program: hardens the process, reads the arguments, runs one command, turns its outcome into an exit code.
//! Nothing here knows what a command does.

use std::process::ExitCode;

use clap::Parser;
use keyward::args::Args;
use keyward::{commands, error, harden, panics};

/// Every freed byte is wiped, so that no secret outlives its use in memory that is handed on.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    // Arguments hold no secret; what is done next, before there is a second thread, depends on them.
    let args = Args::parse();
    let hardened = if args.starts_another() { harden::launcher() } else { harden::process() };
    panics::hook();
    let json = args.common.json;
    let outcome = hardened.and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(error::Error::Runtime)?.block_on(commands::run(args))
    });
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            error::report(&error, json);
            ExitCode::from(error.exit().code())
        }
    }
}
