//! The names of the form's fields: what each is called, here and by the core. What is in them is `field`'s.

/// A field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    Name,
    Service,
    Environment,
    Value,
    Passphrase,
    Repeat,
    Team,
    Tags,
    Limit,
    Budget,
    Rotation,
    Method,
    Template,
    Page,
    Named,
    Credential,
    Parameters,
    Overlap,
    Quiet,
    Networks,
    About,
}

pub(super) const ALL: [Field; 21] = [
    Field::Name,
    Field::Service,
    Field::Environment,
    Field::Value,
    Field::Passphrase,
    Field::Repeat,
    Field::Team,
    Field::Tags,
    Field::Limit,
    Field::Budget,
    Field::Rotation,
    Field::Method,
    Field::Template,
    Field::Page,
    Field::Named,
    Field::Credential,
    Field::Parameters,
    Field::Overlap,
    Field::Quiet,
    Field::Networks,
    Field::About,
];

impl Field {
    /// The field that the core calls so.
    pub(super) fn of(name: &str) -> Option<Self> {
        if let Some(setting) = name.strip_prefix("rotation/") {
            return Self::of_rotation(setting);
        }
        match name.split('/').next().unwrap_or(name) {
            "name" => Some(Self::Name),
            "service" => Some(Self::Service),
            "environment" => Some(Self::Environment),
            "apiKey" | "value" => Some(Self::Value),
            "passphrase" => Some(Self::Passphrase),
            "team" => Some(Self::Team),
            "tags" => Some(Self::Tags),
            "networks" => Some(Self::Networks),
            "monthlyLimit" => Some(Self::Limit),
            "monthlyBudget" => Some(Self::Budget),
            "rotationInterval" => Some(Self::Rotation),
            "description" => Some(Self::About),
            _ => None,
        }
    }

    fn of_rotation(setting: &str) -> Option<Self> {
        match setting {
            "cron" => Some(Self::Rotation),
            "method" => Some(Self::Method),
            "template" => Some(Self::Template),
            "url" => Some(Self::Page),
            "recipe" | "command" => Some(Self::Named),
            "credential" => Some(Self::Credential),
            "overlap" => Some(Self::Overlap),
            "quietHours" => Some(Self::Quiet),
            parameters if parameters.starts_with("parameters") => Some(Self::Parameters),
            _ => None,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Service => "Service",
            Self::Environment => "Environment",
            Self::Team => "Belongs to",
            Self::Value => "Value",
            Self::Passphrase => "Passphrase",
            Self::Repeat => "Once more",
            Self::Tags => "Tags",
            Self::Networks => "Networks",
            Self::Limit => "Monthly limit",
            Self::Budget => "Monthly budget",
            Self::Rotation => "Rotate every",
            Self::Method => "New values",
            Self::Template => "Look like",
            Self::Page => "Address",
            Self::Named => "Its name",
            Self::Credential => "Shown there",
            Self::Parameters => "It is told",
            Self::Overlap => "Old one stays",
            Self::Quiet => "Quiet hours",
            Self::About => "About",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Name => "What apps and people call it, such as stripe-live.",
            Self::Service => "Whose key it is: openai, anthropic, stripe, aws, github, google, slack…",
            Self::Environment => "Left and Right choose.",
            Self::Team => "Left and Right choose: you alone, or the members of a team.",
            Self::Value => "Paste it, or Ctrl-G makes one. It is sealed before it is stored.",
            Self::Passphrase => "Optional. With one, the key is private: only it opens the value.",
            Self::Repeat => "The same passphrase again.",
            Self::Tags => "Optional, with commas between: payments, eu.",
            Self::Networks => "Where apps fetch it from: 10.0.0.0/8 203.0.113.7; empty is anywhere.",
            Self::Limit => "Optional: calls a month, such as 50000, 50k or 2M.",
            Self::Budget => "Optional: what a month of calls may cost, such as 50 or 49.90.",
            Self::Rotation => "Days, such as 90; 0 turns it off; or cron: 0 3 * * 1.",
            Self::Method => "Left and Right choose who makes them.",
            Self::Template => "Text with random places, such as sk-live-{48}.",
            Self::Page => "Where a person makes the value, or where each step is sent.",
            Self::Named => "The recipe's name, or the program's in the operator's file.",
            Self::Credential => "The key whose value the provider is shown: its ak_ id.",
            Self::Parameters => "What the recipe asks for: project=abc, region=eu.",
            Self::Overlap => "How long the old value is fetched along: 1h, 1d, 7d.",
            Self::Quiet => "Optional: nothing begins then by itself, 22:00-06:30.",
            Self::About => "Optional: what it is for.",
        }
    }

    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Value | Self::Passphrase | Self::Repeat)
    }

    /// It is chosen, not typed.
    pub(super) fn is_choice(self) -> bool {
        matches!(self, Self::Environment | Self::Team | Self::Method)
    }

    pub(super) fn at(self) -> usize {
        self as usize
    }

    /// Bytes it may hold.
    pub(super) fn room(self) -> usize {
        match self {
            Self::Value => 64 * 1024,
            Self::Tags => 4_096,
            _ => 1_024,
        }
    }
}
