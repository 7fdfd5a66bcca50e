//! The screens' questions about one's own account: one service call each.

use keyward_keys::{Caller, Result, Service};

use crate::app::{AccountAnswer as A, AccountQuery, Answer};

pub(super) async fn answer(service: &Service, caller: &Caller, query: AccountQuery) -> Result<Answer> {
    let done = |()| A::Done;
    Ok(Answer::Account(match query {
        AccountQuery::Change(change) => {
            return Ok(Answer::Me(Box::new(service.change_profile(caller, *change).await?)));
        }
        AccountQuery::ProveEmail(code) => {
            return Ok(Answer::Me(Box::new(service.prove_email(caller, &code).await?)));
        }
        AccountQuery::SendEmailCode => A::Mailed(service.send_email_code(caller).await?),
        AccountQuery::Password { current, new } => done(service.change_password(caller, current, new).await?),
        AccountQuery::Passphrase { new, old } => done(service.set_passphrase(caller, new, old).await?),
        AccountQuery::Loss => A::Loss(service.passphrase_loss(caller).await?),
        AccountQuery::Reset(reset) => A::Loss(service.reset_passphrase(caller, *reset).await?),
        AccountQuery::Lock => done(service.lock_again(caller).await?),
        AccountQuery::SetUp => A::SetUp(service.set_up_second_factor(caller).await?),
        AccountQuery::Enable(code) => A::Codes(service.enable_second_factor(caller, code).await?),
        AccountQuery::Disable(code) => done(service.disable_second_factor(caller, code).await?),
        AccountQuery::SshKeys => A::SshKeys(service.ssh_keys(caller).await?),
        AccountQuery::AddSshKey { name, line } => {
            A::SshKey(Box::new(service.add_ssh_key(caller, &name, &line).await?))
        }
        AccountQuery::RemoveSshKey(id) => done(service.remove_ssh_key(caller, id).await?),
        AccountQuery::Sessions => A::Sessions(service.sessions(caller).await?),
        AccountQuery::EndSession(id) => done(service.end_session(caller, id).await?),
        AccountQuery::EndOthers => done(service.sign_out_others(caller).await?),
    }))
}
