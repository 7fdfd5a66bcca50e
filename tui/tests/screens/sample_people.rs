//! A small team: its people and invitations, and one's own account; what the core would say to questions about them.
//! Everything follows from the arguments.

use jiff::Timestamp;
use keyward_keys::prices::Money;
use keyward_keys::view::{
    Departure, ExposedKey, InvitationView, IssuedInvitation, LostKey, MemberView, PassphraseLoss,
    PresentView, QrModules, SealedAccess, SecondFactorSetup, SessionKind, SessionView, SshKeyView, TeamView,
    ViewingView,
};
use keyward_keys::{Door, Environment, Id, Role};
use keyward_tui::app::{AccountAnswer, AccountQuery, Answer, TeamAnswer, TeamQuery};
use qrcode::{Color, EcLevel, QrCode};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{NOW_MS, id, key, moment, user};

/// Milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) fn ago(ms: i64) -> Timestamp {
    moment(NOW_MS - ms)
}

pub(crate) fn teams() -> Vec<TeamView> {
    let team = |n: usize, name: &str, role, members, keys, access| TeamView {
        id: id(300 + n),
        name: name.to_owned(),
        role,
        environments: Environment::ALL.to_vec(),
        members,
        keys,
        access,
        rekeying: u64::from(n == 1) * 2,
        newcomers: u64::from(n == 0),
        monthly_budget: [Some(Money(1_200_000_000)), Some(Money(1_000_000_000)), None][n],
        time_zone: (n == 0).then(|| "Europe/Madrid".to_owned()),
        quiet_hours: (n == 0).then(|| "08:00-18:00".to_owned()),
        created_at: ago(200 * DAY),
    };
    vec![
        team(0, "Payments", Role::Owner, 6, 14, SealedAccess::Open),
        team(1, "Machine learning", Role::Member, 12, 41, SealedAccess::Pending),
        team(2, "Website", Role::Viewer, 4, 9, SealedAccess::None),
    ]
}

pub(crate) fn members() -> Vec<MemberView> {
    use SealedAccess::{NoPassphrase, None, Open, Pending};
    let people = [
        ("Ana Ruiz", "ana", Role::Owner, Open),
        ("Chidi Okafor", "chidi", Role::Admin, Open),
        ("Bo Lindqvist", "bo", Role::Member, Open),
        ("Mei Tanaka", "mei", Role::Member, Pending),
        ("Noor Haddad", "noor", Role::Member, NoPassphrase),
        ("Zoë Duarte", "zoe", Role::Viewer, None),
    ];
    let member = |(n, (name, login, role, access)): (usize, (&str, &str, Role, SealedAccess))| MemberView {
        user_id: id(900 + n),
        name: name.to_owned(),
        email: format!("{login}@example.com"),
        login: login.to_owned(),
        role,
        access,
        key_fingerprint: (access == Open).then(|| "1f0b 77c2 9ad4 03ee 51c8 6b2f d9a0 447e".to_owned()),
        joined_at: ago(DAY * (190 - 30 * n as i64)),
    };
    people.into_iter().enumerate().map(member).collect()
}

fn here() -> Vec<PresentView> {
    let here = |n: usize, minutes, kinds: &[SessionKind], viewing| PresentView {
        user_id: id(900 + n),
        since: ago(minutes * MINUTE),
        kinds: kinds.to_vec(),
        viewing,
    };
    let on = |page, key: Option<(Id, &str)>| {
        let (api_key_id, name) = key.map(|(id, name)| (id, name.to_owned())).unzip();
        Some(ViewingView { page, api_key_id, name })
    };
    vec![
        here(0, 12, &[SessionKind::Dashboard], None),
        here(1, 41, &[SessionKind::Dashboard], on("usage", None)),
        here(2, 3, &[SessionKind::Dashboard, SessionKind::Command], on("keys", Some((id(0), "openai-prod")))),
    ]
}

fn invitations() -> Vec<InvitationView> {
    let invitation = |n: usize, email: &str, role, days: i64| InvitationView {
        id: id(320 + n),
        email: email.to_owned(),
        role,
        invited_by: Some(id(900)),
        created_at: ago((7 - days) * DAY),
        expires_at: moment(NOW_MS + days * DAY + HOUR),
    };
    vec![
        invitation(0, "liam@example.com", Role::Member, 6),
        invitation(1, "sofia@partner.example", Role::Viewer, 2),
    ]
}

fn sessions() -> Vec<SessionView> {
    let session = |n: usize, kind, door, address: &str, agent: &str, since: i64, seen: i64| SessionView {
        id: id(380 + n),
        kind,
        door,
        address: Some(address.to_owned()),
        user_agent: Some(agent.to_owned()),
        created_at: ago(since),
        last_seen: ago(seen),
        expires_at: None,
        current: n == 0,
    };
    vec![
        session(0, SessionKind::Dashboard, Door::Ssh, "203.0.113.7", "SSH-2.0-OpenSSH_9.9", 12 * MINUTE, 0),
        session(1, SessionKind::Command, Door::Ssh, "203.0.113.7", "SSH-2.0-OpenSSH_9.9", MINUTE, 0),
        session(
            2,
            SessionKind::App,
            Door::Rest,
            "198.51.100.24",
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
            2 * DAY,
            40 * MINUTE,
        ),
        session(3, SessionKind::App, Door::Rest, "2001:db8::17", "curl/8.16.0", 9 * DAY, 5 * DAY),
    ]
}

fn ssh_keys() -> Vec<SshKeyView> {
    let ssh_key = |n: usize, name: &str, kind: &str, fingerprint: &str, used: Option<i64>| SshKeyView {
        id: id(390 + n),
        name: name.to_owned(),
        fingerprint: fingerprint.to_owned(),
        key: format!("{kind} AAAAC3NzaC1lZDI1NTE5AAAAI"),
        created_at: ago(90 * DAY - n as i64 * 20 * DAY),
        last_used: used.map(ago),
    };
    vec![
        ssh_key(
            0,
            "laptop",
            "ssh-ed25519",
            "SHA256:3hFv0qkJrQkq1cVbY7aPz0uQd8sUw1mXn4tLr6gE2yA",
            Some(12 * MINUTE),
        ),
        ssh_key(
            1,
            "security key",
            "sk-ssh-ed25519@openssh.com",
            "SHA256:Zc1xW9mT5oEw7bJqK2vHs8nRf4dLy6gP0uAi3eQtMkU",
            Some(9 * DAY),
        ),
        ssh_key(
            2,
            "build server",
            "ecdsa-sha2-nistp256",
            "SHA256:p0Yt6rEw2qUi8oAs4dFg1hJk7lZx3cVb9nMm5QwErTy",
            None,
        ),
    ]
}

fn set_up() -> Option<SecondFactorSetup> {
    let link = "otpauth://totp/Keyward:ana%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Keyward&algorithm=SHA1&digits=6&period=30";
    let short = link.split("&algorithm").next()?;
    let code = QrCode::with_error_correction_level(short, EcLevel::L).ok()?;
    let side = code.width();
    let dark = code.into_colors().into_iter().map(|color| color == Color::Dark).collect();
    Some(SecondFactorSetup {
        otpauth: SecretString::from(link),
        qr: SecretString::from("data:image/svg+xml;base64,"),
        modules: QrModules { side, dark: Zeroizing::new(dark) },
    })
}

fn departure() -> Departure {
    let seen = |n: usize| ExposedKey {
        id: id(n),
        key_id: key(n).key_id,
        name: key(n).name,
        version: key(n).version,
        revealed_at: ago(n as i64 * 3 * DAY + HOUR),
    };
    Departure { rotate_now: [0, 3, 7].map(seen).to_vec(), ..Departure::default() }
}

pub(crate) fn team(query: TeamQuery) -> Option<Answer> {
    let found = |id: Id| teams().into_iter().find(|team| team.id == id);
    Some(Answer::Team(match query {
        TeamQuery::Team(id) | TeamQuery::Change(id, _) => TeamAnswer::Team(Box::new(found(id)?)),
        TeamQuery::Members(_) => TeamAnswer::Members(members()),
        TeamQuery::Here(_) => TeamAnswer::Here(here()),
        TeamQuery::Invitations(_) => TeamAnswer::Invitations(invitations()),
        TeamQuery::Create(_) | TeamQuery::Join(_) => TeamAnswer::Team(Box::new(teams().remove(0))),
        TeamQuery::Invite { email, role, .. } => TeamAnswer::Invited(IssuedInvitation {
            code: SecretString::from("K7QF-2MXW-9TRD-HV4P"),
            invitation: InvitationView { email, role, ..invitations().remove(0) },
        }),
        TeamQuery::Role { account, role, .. } => {
            let member = members().into_iter().find(|member| member.user_id == account)?;
            TeamAnswer::Member(Box::new(MemberView { role, ..member }))
        }
        TeamQuery::Remove { .. } | TeamQuery::Leave(_) => TeamAnswer::Departed(departure()),
        TeamQuery::Withdraw { .. } | TeamQuery::Delete(_) => TeamAnswer::Done,
    }))
}

pub(crate) fn account(query: AccountQuery) -> Option<Answer> {
    Some(Answer::Account(match query {
        AccountQuery::Change(change) => {
            let mut user = user();
            if let Some(theme) = change.preferences.theme {
                user.theme = theme.name().to_owned();
                user.preferences.theme = user.theme.clone();
            }
            if let Some(share) = change.preferences.share_viewing {
                user.preferences.share_viewing = share;
            }
            if let Some(muted) = change.preferences.muted {
                user.preferences.muted = muted.into_iter().map(|kind| kind.name().to_owned()).collect();
            }
            return Some(Answer::Me(Box::new(user)));
        }
        AccountQuery::Loss | AccountQuery::Reset(_) => AccountAnswer::Loss(PassphraseLoss {
            lost: vec![LostKey {
                id: id(0),
                key_id: key(0).key_id,
                name: key(0).name,
                environment: Environment::Production,
                team: None,
                tokens: 0,
            }],
            regranted: Vec::new(),
        }),
        AccountQuery::ProveEmail(_) => return Some(Answer::Me(Box::new(user()))),
        AccountQuery::SendEmailCode => AccountAnswer::Mailed(None),
        AccountQuery::SetUp => AccountAnswer::SetUp(set_up()?),
        AccountQuery::Enable(_) => AccountAnswer::Codes(
            (0..10)
                .map(|n| {
                    SecretString::from(format!("{:04}-WXYZ-{:04}-QRST", 1_357 + n * 811, 9_753 - n * 642))
                })
                .collect(),
        ),
        AccountQuery::SshKeys => AccountAnswer::SshKeys(ssh_keys()),
        AccountQuery::AddSshKey { .. } => AccountAnswer::SshKey(Box::new(ssh_keys().remove(0))),
        AccountQuery::Sessions => AccountAnswer::Sessions(sessions()),
        AccountQuery::Password { .. }
        | AccountQuery::Passphrase { .. }
        | AccountQuery::Lock
        | AccountQuery::Disable(_)
        | AccountQuery::RemoveSshKey(_)
        | AccountQuery::EndSession(_)
        | AccountQuery::EndOthers => AccountAnswer::Done,
    }))
}
