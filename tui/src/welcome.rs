//! What somebody reads who has no account here yet: what this is, what the plans allow, how to get in. Plain lines, for any
//! terminal and for screen readers.

use keyward_keys::view::Subscription;
use keyward_keys::{Plan, Registration};

use crate::term::sanitize::term_safe;
use crate::widgets::format;

/// More than this is as good as no limit.
const PLENTY: u64 = 1_000_000;

/// The lines; `address` is where the visitor is.
pub(crate) fn text(address: &str, registration: Registration, plans: &[Subscription]) -> String {
    let host = address.split_once('@').map_or(address, |(_, host)| host);
    let mut text = format!(
        "\nKeyward at {}\n\n\
         It keeps a team's API keys: sealed, rotated on a schedule, metered live, shared by role.\n\
         People use it over ssh, as you do now; apps use REST. There is nothing to install.\n\n\
         Plan          API keys   requests a month\n",
        term_safe(host)
    );
    for plan in plans {
        let name = match plan.plan {
            Plan::Free => "Free",
            Plan::Pro => "Pro",
            Plan::Enterprise => "Enterprise",
        };
        let (keys, requests) =
            (limit(plan.limits.api_keys), limit(plan.limits.monthly_requests / 1_000 * 1_000));
        text.push_str(&format!("{name:<12}{keys:>10}   {requests:>16}\n"));
    }
    text.push_str(match registration {
        Registration::Open => {
            "\nAnybody may sign up. Whoever was invited to a team has a code; it lets you in there at once.\n"
        }
        Registration::Invite => {
            "\nYou join with a code: from a team that invites you, or from an operator.\n"
        }
        Registration::Closed => "\nNobody can sign up here by themselves: an operator gives you a code.\n",
    });
    text.push_str("A few questions make your account; Ctrl-C leaves, and nothing is kept.\n\n");
    text
}

fn limit(number: u64) -> String {
    if number > PLENTY { "any number".to_owned() } else { format::count(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_keys::Plans;

    #[test]
    fn a_visitor_reads_what_this_is_and_how_to_get_in() {
        let plans: Vec<_> = Plans::ALL.into_iter().map(|plan| Plans::default().subscription(plan)).collect();
        let of = |registration| text("join@keys.example.com\u{1b}[2J", registration, &plans);
        insta::assert_snapshot!(of(Registration::Open));
        assert!(of(Registration::Invite).contains("with a code"));
        assert!(of(Registration::Closed).contains("an operator gives you"));
        assert!(!of(Registration::Open).contains('\u{1b}'), "names of hosts can steer nothing");
        assert!(of(Registration::Open).lines().all(|line| line.len() <= 100));
    }
}
