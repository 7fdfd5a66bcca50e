//! To which mailboxes notifications go: a person's to their own, a team's to those of its members and at domains that the
//! operator names. So nobody has Keyward write to strangers, nor to somebody who has left.

use keyward_store::model::{Id, Webhook};

use crate::error::Result;
use crate::outbound::{MessageFormat, Outbound};
use crate::service::accounts::check_email;
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;

/// An address as it is written everywhere, also when it came as `mailto:`; what is wrong with it is added to the faults.
pub(super) fn written(faults: &mut Faults, outbound: &Outbound, url: &str) -> String {
    if !outbound.sends_mail() {
        faults.add("format", "email is not set up here; an operator sets smtp.host");
    }
    check_email(faults, "url", url.trim().strip_prefix("mailto:").unwrap_or(url))
}

/// Whether a webhook's messages may go to this mailbox now; the error says to which they may.
pub(super) fn check(
    tables: &Tables,
    outbound: &Outbound,
    hook: &Webhook,
    address: &str,
) -> std::result::Result<(), &'static str> {
    let found = tables.account_by_email.get(address).copied();
    if let Some(space) = hook.space {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if found.is_some_and(|account| tables.membership(account, space).is_some())
            || outbound.mails_to_domain(domain)
        {
            return Ok(());
        }
        return Err(
            "must be a member's e-mail address, or at a domain that the operator has in smtp.domains",
        );
    }
    if hook.account.is_some() && found == hook.account {
        return Ok(());
    }
    Err("must be the e-mail address of your account")
}

/// Webhooks that wrote to a person's old address write to the new one.
pub(super) fn follow(tables: &Tables, draft: &mut Draft, account: Id, old: &str, new: &str) -> Result<()> {
    let teams = tables.memberships(account).iter().map(|member| member.record.space);
    let owners: Vec<Id> = std::iter::once(account).chain(teams).collect();
    let wrote = |hook: &&Shared<Webhook>| {
        hook.record.format == MessageFormat::Email.name() && hook.record.shown == old
    };
    for hook in owners.into_iter().flat_map(|owner| tables.posted.of(owner)).filter(wrote) {
        draft.batch.replace(hook, &Webhook { shown: new.to_owned(), ..hook.record.clone() })?;
    }
    Ok(())
}
