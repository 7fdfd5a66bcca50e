//! Invitations by mail: the code goes to the address that is invited, and to no log. Mail goes to the operator's domains
//! alone, so that nobody has Keyward write to strangers, or learns who has an account here.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use keyward_store::model::{Id, Role};

use crate::caller::Caller;
use crate::clock::in_words;
use crate::error::Result;
use crate::outbound::Letter;
use crate::service::Service;
use crate::service::accounts::check_email;
use crate::service::teams::team_row;
use crate::service::text::Faults;
use crate::view::IssuedInvitation;

impl Service {
    /// Invites somebody to a team, and mails them the code. Answers what is wrong with the mail too, where something is: the
    /// code is good either way.
    pub async fn invite_by_mail(
        &self,
        caller: &Caller,
        team: Id,
        email: &str,
        role: Role,
    ) -> Result<(IssuedInvitation, Option<String>)> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let email = check_email(&mut faults, "email", email);
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        if !self.0.outbound.sends_mail() {
            faults.add("mail", "is not set up here; an operator sets smtp.host");
        } else if !self.0.outbound.mails_to_domain(domain) {
            faults.add(
                "mail",
                "goes to the domains that the operator has in smtp.domains; hand the code over yourself",
            );
        }
        faults.check()?;
        let issued = self.invite(caller, team, &email, role).await?;
        let letter = {
            let tables = self.mirror().read();
            let by = tables.accounts.get(&account).map(|row| row.record.name.clone()).unwrap_or_default();
            letter(&by, &team_row(&tables, team)?.record.name, &issued, self.now_ms())
        };
        let sent = self.0.outbound.send_letter(&email, &letter).await;
        Ok((issued, sent.err().map(|error| error.detail)))
    }
}

fn letter(by: &str, team: &str, issued: &IssuedInvitation, now_ms: i64) -> Letter {
    let IssuedInvitation { code, invitation } = issued;
    // Of who is invited, no time zone is known.
    let until = in_words(invitation.expires_at.as_millisecond(), &TimeZone::UTC);
    // Names are what somebody typed; one line of each is enough.
    let line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let text = SecretString::from(format!(
        "{} invites you to the team {} in Keyward.\n\nYour code is {}\n\nIt is good once, until {until}, for this address alone. \
         With an account: team join. Without one, where your Keyward is: ssh join@HOST.\n\n-- \nIf you expect no \
         invitation, you need not do anything.\n",
        line(by),
        line(team),
        code.expose_secret()
    ));
    Letter {
        id: format!("invitation_{}", invitation.id),
        at: Timestamp::from_millisecond(now_ms).unwrap_or_default(),
        subject: "you are invited to a team".to_owned(),
        text,
    }
}
