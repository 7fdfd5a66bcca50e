//! How a password or a token comes in: from standard input, or from a person at a terminal, unseen. Never as an argument.

use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};

/// More than any password has.
const LIMIT: u64 = 4096;

/// The whole of standard input, without its final newline.
///
/// # Errors
/// It is empty, too long or not text.
pub fn from_stdin() -> Result<SecretString> {
    // One allocation that never grows, so that no copy is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes).map_err(Error::Terminal)?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::Secret("the password on standard input is too long"));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::Secret("the password on standard input is not UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() {
        return Err(Error::Secret("standard input has no password; write one there, as in keyward … < FILE"));
    }
    Ok(SecretString::from(text))
}

/// Asks the person at the terminal, twice.
///
/// # Errors
/// There is no terminal, or the two differ.
pub fn ask() -> Result<SecretString> {
    if !io::stdin().is_terminal() {
        return Err(Error::NoTerminal("there is no terminal to ask for the password; give --password-stdin"));
    }
    let prompt = |text| rpassword::prompt_password(text).map(SecretString::from).map_err(Error::Terminal);
    let (first, again) = (prompt("Password: ")?, prompt("Again: ")?);
    if first.expose_secret() != again.expose_secret() {
        return Err(Error::Secret("the two passwords differ; try again"));
    }
    Ok(first)
}

/// The first line of standard input, and not a byte more: the rest is for whom it was meant.
///
/// # Errors
/// It is empty, too long or not text.
pub fn line_from_stdin() -> Result<SecretString> {
    let mut line = Zeroizing::new(Vec::with_capacity(LIMIT as usize));
    // Past the buffer of the standard library, which would keep what follows the line.
    let mut stdin = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned().map_err(Error::Terminal)?);
    let mut byte = [0];
    while stdin.read(&mut byte).map_err(Error::Terminal)? == 1 && byte != *b"\n" {
        if line.len() as u64 == LIMIT {
            return Err(Error::Secret("the first line of standard input is too long"));
        }
        line.push(byte[0]);
    }
    let text = std::str::from_utf8(&line).map_err(|_| Error::Secret("standard input is not UTF-8"))?.trim();
    if text.is_empty() {
        return Err(Error::Secret("the first line of standard input is empty; write the secret there"));
    }
    Ok(SecretString::from(text))
}

/// Asks the person at the terminal, once.
///
/// # Errors
/// There is no terminal.
pub fn ask_once(prompt: &str) -> Result<SecretString> {
    if !io::stdin().is_terminal() {
        return Err(Error::NoTerminal("there is no terminal to ask at"));
    }
    let answer = rpassword::prompt_password(prompt).map_err(Error::Terminal)?;
    Ok(SecretString::from(answer.trim()))
}
