//! Where the socket is. A socket's path may have about a hundred bytes, a folder's more, so a long one is reached
//! through the open folder.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use keyward_config::Config;

/// Bytes of a socket's path that every system takes.
const LONGEST: usize = 100;

/// A path of the socket that is short enough, for as long as this lives.
pub(super) struct Place {
    pub(super) path: PathBuf,
    _folder: Option<File>,
}

impl Place {
    pub(super) fn of(config: &Config) -> io::Result<Self> {
        let path = config.data_dir.admin_socket();
        let name = path.file_name().map(PathBuf::from);
        match name {
            Some(name) if path.as_os_str().len() > LONGEST => {
                let folder = File::open(config.data_dir.path())?;
                let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
                Ok(Self { path, _folder: Some(folder) })
            }
            _ => Ok(Self { path, _folder: None }),
        }
    }
}
