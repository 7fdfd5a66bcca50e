//! Random lives of a team, against a model: exactly the members who were let in can open its sealed keys from what is
//! stored, and what somebody who left has kept opens nothing that was sealed since.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use secrecy::SecretString;
use tempfile::TempDir;

use keyward_store::model::{Custody, Door, Role};

use super::*;
use crate::caller::Origin;
use crate::input::{AddedAccount, KeyRef, NewAccount, NewKey, NewTeam};
use crate::service::ServiceOptions;

const PEOPLE: usize = 4;
const ORIGIN: Origin = Origin { door: Door::Rest, address: None, request: None };

#[derive(Clone, Debug)]
enum Step {
    Join(usize, Role),
    Remove(usize),
    Role(usize, Role),
    Passphrase(usize),
    Unlock(usize),
    Lock(usize),
    Create(usize),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let role = || prop_oneof![Just(Role::Viewer), Just(Role::Member), Just(Role::Admin)];
    // The first person owns the team and stays.
    let other = || 1..PEOPLE;
    let step = prop_oneof![
        3 => (other(), role()).prop_map(|(who, role)| Step::Join(who, role)),
        2 => other().prop_map(Step::Remove),
        1 => (other(), role()).prop_map(|(who, role)| Step::Role(who, role)),
        2 => (0..PEOPLE).prop_map(Step::Passphrase),
        4 => (0..PEOPLE).prop_map(Step::Unlock),
        3 => (0..PEOPLE).prop_map(Step::Lock),
        3 => (0..PEOPLE).prop_map(Step::Create),
        1 => (0..8_usize).prop_map(Step::Delete),
    ];
    prop::collection::vec(step, 12..40)
}

/// One person, as the model has them and as they are.
struct Person {
    caller: Caller,
    id: Id,
    email: String,
    role: Option<Role>,
    /// Their own private key, once they set a passphrase.
    private: Option<PrivateKey>,
    unlocked: bool,
    let_in: bool,
}

impl Person {
    fn holds(&self) -> bool {
        self.role.is_some_and(vault::holds_keys)
    }
}

/// What somebody kept who left: the space's keys they held, and the newest generation of them.
struct Kept {
    spaces: Vec<PrivateKey>,
    generation: u32,
}

struct World {
    service: Service,
    team: Id,
    people: Vec<Person>,
    keys: Vec<Id>,
    kept: Vec<Kept>,
    _folder: TempDir,
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let service = Service::open(ServiceOptions::of_a_test(folder.path())).await.unwrap();
        let system = service.system_caller("test", Door::Local);
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let email = format!("person{number}@example.com");
            let account = NewAccount {
                name: format!("Person {number}"),
                email: email.clone(),
                password: secret("correct horse"),
                code: None,
                ssh_key: None,
            };
            let added =
                AddedAccount { account, operator: false, plan: keyward_store::model::Plan::Enterprise };
            let id = service.add_account(&system, added).await.unwrap().id;
            let caller = service.sign_in(ORIGIN, &email, secret("correct horse")).await.unwrap();
            people.push(Person {
                caller,
                id,
                email,
                role: None,
                private: None,
                unlocked: false,
                let_in: false,
            });
        }
        let new = NewTeam { name: "Team".to_owned(), ..NewTeam::default() };
        let team = service.create_team(&people[0].caller, new).await.unwrap().id;
        people[0].role = Some(Role::Owner);
        Self { service, team, people, keys: Vec::new(), kept: Vec::new(), _folder: folder }
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Join(who, role) if self.people[who].role.is_none() => self.join(who, role).await,
            Step::Remove(who) if self.people[who].role.is_some() => self.give_up(who, None).await,
            Step::Role(who, role) if self.people[who].role.is_some() => self.give_up(who, Some(role)).await,
            Step::Passphrase(who) if self.people[who].private.is_none() => {
                let person = &mut self.people[who];
                let passphrase = || secret("open the vault");
                self.service.set_passphrase(&person.caller, passphrase(), None).await.unwrap();
                person.private =
                    Some(self.service.account_key(&person.caller, Some(passphrase())).await.unwrap());
            }
            Step::Unlock(who) if self.people[who].private.is_some() => {
                self.service.unlock(&self.people[who].caller, secret("open the vault")).await.unwrap();
                self.people[who].unlocked = true;
            }
            Step::Lock(who) => {
                self.service.lock_again(&self.people[who].caller).await.unwrap();
                self.people[who].unlocked = false;
            }
            Step::Create(who) if self.people[who].holds() => self.create(who).await,
            Step::Delete(which) if which < self.keys.len() => {
                let key = KeyRef::Id(self.keys.remove(which).to_string());
                self.service.delete_key(&self.people[0].caller, &key, None).await.unwrap();
            }
            _ => {}
        }
        self.done_at_once().await;
    }

    /// While somebody is unlocked who can, nothing waits for long.
    async fn done_at_once(&mut self) {
        if !self.people.iter().any(|person| person.let_in && person.unlocked) {
            return;
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        while waits(&self.service.mirror().read(), self.team) {
            assert!(Instant::now() < deadline, "it waits, although somebody is unlocked");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.let_all_in();
    }

    async fn join(&mut self, who: usize, role: Role) {
        let owner = &self.people[0].caller;
        let issued = self.service.invite(owner, self.team, &self.people[who].email, role).await.unwrap();
        self.service.join_team(&self.people[who].caller, &issued.code).await.unwrap();
        self.people[who].role = Some(role);
    }

    /// Another role, or none: whoever held the keys and may not any more has kept what they had.
    async fn give_up(&mut self, who: usize, role: Option<Role>) {
        let kept = self.material_of(who).await;
        let (owner, id) = (&self.people[0].caller, self.people[who].id);
        let done = match role {
            Some(role) => self.service.change_role(owner, self.team, id, role).await.map(drop),
            None => self.service.remove_member(owner, self.team, id).await.map(drop),
        };
        let goes = !role.is_some_and(vault::holds_keys);
        let others = self.people.iter().filter(|other| other.id != id && other.let_in).count();
        if self.people[who].let_in && goes && others == 0 && !self.keys.is_empty() {
            assert!(matches!(done, Err(Error::Conflict(_))), "the keys would be lost");
            return;
        }
        done.unwrap();
        let person = &mut self.people[who];
        person.role = role;
        if goes && std::mem::take(&mut person.let_in) {
            self.kept.push(kept);
        }
    }

    /// Every private key of the space that this person can get at.
    async fn material_of(&self, who: usize) -> Kept {
        let person = &self.people[who];
        let key = present(&self.service.mirror().read(), self.team);
        let mut kept = Kept { spaces: Vec::new(), generation: key.map_or(0, |key| key.generation) };
        if let Some(private) = &person.private {
            for generation in 1..=kept.generation {
                kept.spaces.extend(
                    self.service.open_space_lock(self.team, generation, person.id, private).await.unwrap(),
                );
            }
        }
        kept
    }

    async fn create(&mut self, who: usize) {
        let new = NewKey {
            name: "Key".to_owned(),
            service: "Test".to_owned(),
            value: secret("sk-test"),
            team: Some(self.team),
            custody: Some(Custody::Sealed),
            ..NewKey::default()
        };
        let made = self.service.create_key(&self.people[who].caller, new).await;
        let nobody = |test: fn(&Person) -> bool| !self.people.iter().any(test);
        if nobody(|person| person.let_in) && nobody(|person| person.holds() && person.private.is_some()) {
            assert!(matches!(made, Err(Error::Invalid(_))), "there is nobody to seal it to");
            return;
        }
        if nobody(|person| person.let_in) {
            self.let_all_in();
        }
        self.keys.push(made.unwrap().id);
    }

    fn let_all_in(&mut self) {
        for person in &mut self.people {
            person.let_in |= person.holds() && person.private.is_some();
        }
    }

    async fn check(&self) {
        for key in &self.keys {
            let row = self.service.mirror().read().keys.get(*key).cloned().unwrap();
            let target = (LockTarget::ApiKey(*key), Holder::Space(self.team));
            let lock = self.service.lock_row(target.0, target.1).await.unwrap().unwrap();
            let opens = |space: &PrivateKey| {
                crypto::unlock_with_private(&lock.record.sealed, target.0, target.1, space).is_ok()
            };
            let generation = row.record.space_generation;
            for person in &self.people {
                let opened = match &person.private {
                    Some(private) => {
                        self.service.open_space_lock(self.team, generation, person.id, private).await.unwrap()
                    }
                    None => None,
                };
                assert_eq!(opened.is_some_and(|space| opens(&space)), person.let_in, "{}", person.email);
            }
            for kept in self.kept.iter().filter(|kept| kept.generation < generation) {
                assert!(!kept.spaces.iter().any(opens), "what was kept opens what was sealed since");
            }
        }
        if let Some(person) = self.people.iter().find(|person| person.let_in) {
            let access = self.service.team(&person.caller, self.team).await.unwrap().access;
            assert_eq!(access, crate::view::SealedAccess::Open);
        }
    }

    /// Once somebody unlocked who can, nothing is left that was sealed for whoever left.
    async fn settle(&mut self) {
        let Some(who) = self.people.iter().position(|person| person.let_in) else { return };
        self.take(&Step::Unlock(who)).await;
        let present = present(&self.service.mirror().read(), self.team).unwrap();
        assert!(!waits(&self.service.mirror().read(), self.team));
        assert!(self.kept.iter().all(|kept| kept.generation < present.generation));
        for generation in 1..present.generation {
            let (target, mut locks) = (LockTarget::Space(self.team, generation), 0);
            for person in &self.people {
                let lock = self.service.lock_row(target, Holder::Account(person.id)).await.unwrap();
                locks += usize::from(lock.is_some());
            }
            assert!(locks == 0 || self.keys.is_empty(), "locks of generation {generation} are left");
        }
        self.check().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn exactly_who_was_let_in_can_open(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.take(step).await;
                world.check().await;
            }
            world.settle().await;
            world.service.close().await.unwrap();
        });
    }
}
