//! What the system says of this process (proc(5)). Where it says nothing, neither does this.

/// Clock ticks a second in `/proc/self/stat`: Linux shows them so to programs, whatever it counts in.
const TICKS: f64 = 100.0;

/// What the system says of the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// Open file descriptors.
    pub open_files: u64,
    /// Processor time used, seconds.
    pub cpu_seconds: f64,
}

impl Process {
    /// What is known of the process now.
    pub fn now() -> Option<Self> {
        Some(Self {
            resident_bytes: Self::resident()?,
            open_files: std::fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            cpu_seconds: cpu_seconds()?,
        })
    }

    /// Resident memory, bytes.
    pub fn resident() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

/// User and system time: the 14th and 15th field, counted from after the name, which may hold anything.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn the_system_tells() {
        let process = Process::now().unwrap();
        assert!(process.resident_bytes > 1 << 20 && process.open_files >= 3);
        assert!((0.0..3_600.0).contains(&process.cpu_seconds), "{process:?}");
    }
}
