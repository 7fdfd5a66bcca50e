//! The second factor of an account: set up, switched on by its first right code, used once a code, switched off. A
//! recovery code stands in for a code, once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use keyward_store::model::{Account, Id, SecondFactor, Security};

use crate::caller::Caller;
use crate::crypto::{JoinCode, TotpSecret};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::lockout::Counted;
use crate::service::sessions::end_everything;
use crate::view::{QrModules, SecondFactorSetup};

/// What authenticator apps show above the codes.
const ISSUER: &str = "Keyward";

/// Recovery codes of one set.
const RECOVERY_CODES: usize = 10;

impl Service {
    /// Makes a secret for the caller's authenticator app; signing in does not ask for it until
    /// [`Self::enable_second_factor`]. Each call voids the secret of the one before.
    pub async fn set_up_second_factor(&self, caller: &Caller) -> Result<SecondFactorSetup> {
        let account = caller.person()?;
        let secret = TotpSecret::generate()?;
        let sealed = secret.seal(&self.0.system_keys, account.as_bytes())?;
        let email = self
            .change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
                let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                if old.record.security.second_factor.as_ref().is_some_and(|factor| factor.enabled) {
                    let text = "two-factor sign-in is on already; switch it off first to set it up anew";
                    return Err(Error::Conflict(text.to_owned()));
                }
                let second_factor = Some(SecondFactor {
                    secret: sealed.clone(),
                    enabled: false,
                    last_step: None,
                    recovery: Vec::new(),
                });
                draft.object = Some(account);
                draft.detail = "second factor set up".to_owned();
                let security = Security { second_factor, ..old.record.security.clone() };
                draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
                Ok(old.record.email.clone())
            })
            .await?;
        let otpauth = secret.uri(ISSUER, &email);
        let qr = image(otpauth.expose_secret())?;
        let modules = modules(secret.short_uri(ISSUER, &email).expose_secret())?;
        Ok(SecondFactorSetup { otpauth, qr, modules })
    }

    /// Switches the second factor on, with a code of the app; answers the recovery codes, this once. What is open else
    /// was opened without it, and ends.
    pub async fn enable_second_factor(
        &self,
        caller: &Caller,
        code: SecretString,
    ) -> Result<Vec<SecretString>> {
        let account = caller.person()?;
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            codes.push(JoinCode::generate()?);
        }
        self.with_code(caller, account, |old, now_ms| {
            let set_up = old.security.second_factor.as_ref();
            let set_up = set_up.ok_or_else(|| Error::Conflict("set it up first".to_owned()))?;
            if set_up.enabled {
                return Err(Error::Conflict("two-factor sign-in is on already".to_owned()));
            }
            // This code proves that the app works and opens nothing: it is still good for signing in.
            self.step_of(old, set_up, &code, now_ms)?;
            let recovery = codes.iter().map(JoinCode::hash).collect();
            Ok((
                Some(SecondFactor { enabled: true, recovery, ..set_up.clone() }),
                "second factor switched on",
            ))
        })
        .await?;
        Ok(codes.iter().map(JoinCode::text).collect())
    }

    /// Switches the second factor off, with a code or a recovery code. What is open else ends.
    pub async fn disable_second_factor(&self, caller: &Caller, code: SecretString) -> Result<()> {
        let account = caller.person()?;
        self.with_code(caller, account, |old, now_ms| {
            if !old.security.second_factor.as_ref().is_some_and(|factor| factor.enabled) {
                return Err(Error::Conflict("two-factor sign-in is off already".to_owned()));
            }
            self.use_code(old, &code, now_ms)?;
            Ok((None, "second factor switched off"))
        })
        .await
    }

    /// Takes an account's second factor away, for somebody who lost their app and their recovery codes, and ends
    /// everything it has open.
    pub async fn remove_second_factor(&self, caller: &Caller, account: Id) -> Result<()> {
        self.change(caller, Permission::AccountAdminister, Target::Account(account), |tables, draft| {
            let old = tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
            draft.object = Some(account);
            draft.detail = "second factor taken away".to_owned();
            let security =
                Security { second_factor: None, ..end_everything(tables, draft, &old.record, None) };
            draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
            draft.events.push(Event::AccountChanged { account });
            Ok(())
        })
        .await?;
        self.forget_unlocks(account);
        self.lockouts().proved(&Counted::Code(account));
        Ok(())
    }

    /// The second factor after what it asks for was given; as it is where it asks for nothing.
    pub(crate) fn pass_second_factor(
        &self,
        account: &Account,
        code: Option<&SecretString>,
        now_ms: i64,
    ) -> Result<Option<SecondFactor>> {
        match &account.security.second_factor {
            Some(factor) if factor.enabled => {
                self.use_code(account, code.ok_or(Error::TotpRequired)?, now_ms).map(Some)
            }
            other => Ok(other.clone()),
        }
    }

    /// Makes a change that takes a code: wrong ones are counted, and while codes are locked there is no change.
    pub(crate) async fn counting_codes<T>(
        &self,
        caller: &Caller,
        account: Id,
        change: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let counted = Counted::Code(account);
        if let Some(wait) = self.lockouts().locked(&counted, self.now_ms()) {
            return Err(Error::TooMany(wait));
        }
        let changed = change.await;
        match &changed {
            Ok(_) => self.lockouts().proved(&counted),
            Err(Error::WrongCode) => self.code_failed(caller, account).await,
            Err(_) => {}
        }
        changed
    }

    /// The second factor after this code was used up; [`Error::WrongCode`] when it is neither a code of the app
    /// nor a recovery code that is left.
    fn use_code(&self, account: &Account, code: &SecretString, now_ms: i64) -> Result<SecondFactor> {
        let factor = account.security.second_factor.as_ref().ok_or(Error::Unauthenticated)?;
        if let Ok(typed) = JoinCode::parse(code.expose_secret()) {
            let hash = typed.hash();
            let recovery: Vec<_> = factor.recovery.iter().copied().filter(|left| *left != hash).collect();
            if recovery.len() == factor.recovery.len() {
                return Err(Error::WrongCode);
            }
            return Ok(SecondFactor { recovery, ..factor.clone() });
        }
        let step = self.step_of(account, factor, code, now_ms)?;
        Ok(SecondFactor { last_step: Some(step), ..factor.clone() })
    }

    /// Counts a wrong code, and leaves a record of it.
    pub(crate) async fn code_failed(&self, caller: &Caller, account: Id) {
        self.lockouts().failed(&Counted::Code(account), self.now_ms());
        let target = Target::Account(account);
        self.record_refusal(caller.identity, caller.origin, Permission::SessionManage, target).await;
    }

    fn step_of(
        &self,
        account: &Account,
        factor: &SecondFactor,
        code: &SecretString,
        now_ms: i64,
    ) -> Result<u64> {
        let secret = TotpSecret::open(&self.0.system_keys, account.id.as_bytes(), &factor.secret)?;
        secret.step_of(code.expose_secret(), now_ms, factor.last_step).ok_or(Error::WrongCode)
    }

    /// Changes the caller's second factor by what `work` makes of it with a code, and ends everything else they have
    /// open; wrong codes are counted.
    async fn with_code(
        &self,
        caller: &Caller,
        account: Id,
        work: impl Fn(&Account, i64) -> Result<(Option<SecondFactor>, &'static str)>,
    ) -> Result<()> {
        let changed =
            self.change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
                let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                let (second_factor, detail) = work(&old.record, draft.now_ms)?;
                draft.object = Some(account);
                draft.detail = detail.to_owned();
                let ended = self.end_others(tables, draft, &old.record, caller);
                let security = Security { second_factor, ..ended };
                draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
                draft.events.push(Event::AccountChanged { account });
                Ok(())
            });
        self.keeping(caller, self.counting_codes(caller, account, changed)).await?;
        self.forget_unlocks(account);
        Ok(())
    }
}

/// A link as a QR code: a `data:` URL of an SVG image.
fn image(link: &str) -> Result<SecretString> {
    let image =
        Zeroizing::new(code(link, EcLevel::M)?.render::<svg::Color<'_>>().min_dimensions(240, 240).build());
    Ok(SecretString::from(format!("data:image/svg+xml;base64,{}", STANDARD.encode(image.as_bytes()))))
}

/// The same for a terminal. It is read off a screen, which nobody creases: the least correction keeps it small enough
/// for one.
fn modules(link: &str) -> Result<QrModules> {
    let code = code(link, EcLevel::L)?;
    let side = code.width();
    let dark = code.into_colors().into_iter().map(|color| color == Color::Dark).collect();
    Ok(QrModules { side, dark: Zeroizing::new(dark) })
}

fn code(link: &str, level: EcLevel) -> Result<QrCode> {
    QrCode::with_error_correction_level(link, level).map_err(|error| Error::Internal(Box::new(error)))
}
