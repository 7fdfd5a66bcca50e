//! Setting up the second factor: the QR code for the app, or its secret to type, and the code that proves the app works.
//! Nothing is switched on before that.

use keyward_keys::view::SecondFactorSetup;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AccountAnswer, AccountQuery, Answer, Effect, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::once::OncePage;
use crate::pages::profile::qr;
use crate::pages::read::Read;
use crate::pages::{Page, Step};
use crate::term::input::{Key, Paste};
use crate::theme::Tone;
use crate::widgets::edit::Edit;
use crate::widgets::pen::{Pen, Ui, safe, wrap};

/// Columns the words beside the code need.
const WORDS: u16 = 28;

/// The page.
pub(super) struct FactorPage {
    setup: Read<SecondFactorSetup>,
    code: Edit,
    error: Option<String>,
    enabling: Option<Pending>,
}

impl Default for FactorPage {
    fn default() -> Self {
        Self { setup: Read::default(), code: Edit::new(32), error: None, enabling: None }
    }
}

impl FactorPage {
    fn enable(&mut self, cx: &mut Cx<'_>) {
        if self.enabling.is_some() || self.setup.get().is_none() {
            return;
        }
        if self.code.text().chars().filter(char::is_ascii_digit).count() != 6 {
            self.error = Some("Type the six digits that the app shows.".to_owned());
            return;
        }
        self.enabling = Some(cx.ask(Query::Account(AccountQuery::Enable(self.code.secret()))));
    }
}

/// The secret within the link, in groups of four, as apps take it by hand.
fn secret(link: &str) -> Zeroizing<String> {
    let secret = link.split(['?', '&']).find_map(|part| part.strip_prefix("secret=")).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(secret.len() * 2));
    for (at, c) in secret.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(c);
    }
    text
}

impl Page for FactorPage {
    fn place(&self) -> Place {
        Place::Factor
    }

    fn crumb(&self) -> String {
        "Second factor".to_owned()
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.setup.ask(cx, Query::Account(AccountQuery::SetUp));
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Cancel => return Step::Back,
            Command::Accept => self.enable(cx),
            Command::Copy => {
                if let Some(setup) = self.setup.get() {
                    cx.effect(Effect::Copy(setup.otpauth.clone()));
                    cx.say(
                        NoticeKind::Done,
                        "The link was sent to your terminal's clipboard, if it takes such.",
                    );
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn typed(&mut self, key: Key, _cx: &mut Cx<'_>) {
        if self.code.key(key) {
            self.error = None;
        }
    }

    fn pasted(&mut self, paste: &Paste, _cx: &mut Cx<'_>) {
        if self.code.insert(paste.text.trim()) {
            self.error = None;
        }
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.setup.awaits(id) || Pending::is(self.enabling, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if self.setup.awaits(id) {
            self.setup.take(result, cx, |answer| match answer {
                Answer::Account(AccountAnswer::SetUp(setup)) => Some(setup),
                _ => None,
            });
            return Step::Stay;
        }
        self.enabling = None;
        match result {
            Ok(Answer::Account(AccountAnswer::Codes(codes))) => {
                cx.say(NoticeKind::Done, "The second factor is on.");
                let lead = "Each of these signs you in once when the app is lost. Keep them where the app is not. They are \
                            shown only now.";
                Step::Replace(Box::new(OncePage::new("Recovery codes", lead.to_owned(), codes)))
            }
            Ok(_) => Step::Stay,
            Err(notice) => {
                self.code.clear();
                self.error = Some(notice.text);
                Step::Stay
            }
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.setup.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some(setup) = self.setup.get() else {
            return self.setup.paint_absence("the code", area, buf, ui);
        };
        let (columns, rows) = qr::size(&setup.modules);
        let fits = ui.glyphs.braille && area.height >= rows && area.width >= columns + 2 + WORDS;
        let words = if fits {
            qr::paint(&setup.modules, area, buf, ui);
            Rect { x: area.x + columns + 3, width: area.width - columns - 3, ..area }
        } else {
            area
        };
        let words = Rect { width: words.width.min(60), ..words };
        let (dim, text) = (ui.style(Tone::Dim), ui.style(Tone::Text));
        let secret = secret(setup.otpauth.expose_secret());
        let mut row = 0;
        let mut write = |line: &str, style| {
            for line in wrap(line, words.width) {
                Pen::new(buf, words, row).text(&line, style);
                row += 1;
            }
        };
        if fits {
            write("Scan this with an authenticator app.", text);
        } else {
            write(
                &format!(
                    "The QR code needs {} columns and {} rows, and UTF-8.",
                    columns + 2 + WORDS,
                    rows + 3
                ),
                dim,
            );
        }
        write("Or type this secret into it:", dim);
        write(&secret, ui.style(Tone::Strong));
        row += u16::from(area.height >= 10);
        Pen::new(buf, words, row).text("The code it shows now:", text);
        row += 1;
        let field =
            Rect { y: words.y + row.min(words.height), width: words.width.min(12), height: 1, ..words };
        if row >= words.height {
            return None;
        }
        buf.set_style(field, ui.theme.field());
        let inner = Rect { x: field.x + 1, width: field.width.saturating_sub(2), ..field };
        let cursor = self.code.paint(inner, buf, false, ui);
        row += 1;
        if let Some(error) = &self.error {
            let tone = ui.style(Tone::Bad);
            for line in wrap(&safe(error), words.width.saturating_sub(2)) {
                Pen::new(buf, words, row).text(ui.glyphs.cross, tone).skip(1).text(&line, tone);
                row += 1;
            }
        }
        Some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn the_secret_is_shown_as_apps_take_it() {
        let link = "otpauth://totp/Keyward:a%40b.c?secret=ABCDEFGHIJ&issuer=Keyward&digits=6";
        assert_eq!(*secret(link), "ABCD EFGH IJ");
    }
}
