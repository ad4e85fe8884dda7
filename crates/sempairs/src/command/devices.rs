//! The command `sempairs devices`.

use clap::Args;
use sempairs::Error;
use sempairs::device::{BACKENDS, VARIABLE, default_name, hardware};
use sempairs_internal::say;

/// Arguments of `sempairs devices`.
#[derive(Args)]
pub struct Devices {}

impl Devices {
    pub fn run(self) -> Result<(), Error> {
        for (name, compiled, what) in BACKENDS {
            let state = match compiled {
                true if name == default_name() => "compiled in, the default".to_owned(),
                true => "compiled in".to_owned(),
                false => format!("not compiled in: build with --features {name}"),
            };
            say!("{name:<8} {what:<45} {state}");
            for line in hardware(name) {
                say!("           {line}");
            }
        }
        say!(
            "Choose with --device NAME or {VARIABLE}=NAME; wgpu:N, vulkan:N, cuda:N for the N-th \
             GPU."
        );
        Ok(())
    }
}
