//! Values that people make and hand in: tried first where the settings say how.

use secrecy::SecretString;

use super::{World, at_once, by_id};
use crate::Error;
use crate::input::{KeyPatch, NewVersion, Rotate, RotationMethodName, RotationPatch};
use crate::outbound::testing::{Reply, Server};
use crate::view::{RotationState, RotationView};

/// A provider whose keys are made on its page, and can be tried.
const PROVIDER: &str = "title = \"Provider\"\nreference = \"https://example.com\"\nwritten = \"2026-11-26\"\n\
    credential = \"An admin key.\"\nmode = \"expiring\"\n[params.project]\nabout = \"A project.\"\n\
    [params.region]\nabout = \"A region.\"\n[auth]\nbearer = \"{credential}\"\n\
    [create]\npath = \"/{project}/tokens\"\njson = {}\nvalue = \"/key\"\nexpires = \"/expires_at\"\n\
    [probe]\npath = \"/{region}/me\"\nauth = { bearer = \"{value}\" }\n";

async fn handed_in(world: &World, key: crate::Id, value: &str) -> Result<u32, Error> {
    let new = NewVersion { value: SecretString::from(value), overlap: None };
    world.service.add_version(&world.ana, &by_id(key), new, None).await.map(|version| version.version)
}

#[tokio::test]
async fn a_value_that_is_handed_in_is_tried_before_it_is_kept() {
    let world = World::open().await;
    let server = Server::start(|asked| match (asked.path.as_str(), asked.header("authorization")) {
        ("/eu/me", "Bearer good") => Reply::status(200),
        ("/eu/me", "Bearer unlucky") => Reply::status(503),
        _ => Reply::status(401),
    })
    .await;
    let folder = world.folder.path().join("recipes");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("by-hand.toml"), format!("base_url = \"{}\"\n{PROVIDER}", server.url))
        .unwrap();
    let key = world.key("by hand", "first-value", Some(at_once(RotationMethodName::Remind))).await;
    let set = async |recipe: &str, region: &[(&str, &str)]| {
        let region = region.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let rotation =
            RotationPatch { recipe: Some(recipe.to_owned()), parameters: Some(region), ..Default::default() };
        let patch = KeyPatch { rotation: Some(Some(rotation)), ..KeyPatch::default() };
        world.service.update_key(&world.ana, &by_id(key), patch, None).await
    };
    for (recipe, region, field) in [
        ("nobody", &[][..], "rotation/recipe"),
        // Only what the trial needs has to be there: no project.
        ("by-hand", &[], "rotation/parameters/region"),
        ("by-hand", &[("region", "eu"), ("planet", "mars")], "rotation/parameters/planet"),
    ] {
        let Err(Error::Invalid(faults)) = set(recipe, region).await else { panic!("{recipe} was taken") };
        assert_eq!(faults.iter().map(|fault| &*fault.field).collect::<Vec<_>>(), [field]);
    }
    let view = set("by-hand", &[("region", "eu")]).await.unwrap().rotation.unwrap();
    assert_eq!((view.method, view.recipe.as_deref()), (RotationMethodName::Remind, Some("by-hand")));

    let waits = world.service.rotate(&world.ana, &by_id(key), Rotate::default()).await.unwrap();
    assert_eq!(waits.state, RotationState::Waiting);
    let Err(Error::Invalid(faults)) = handed_in(&world, key, "wrong").await else { panic!("kept") };
    assert!(faults[0].field == "apiKey" && !faults[0].detail.contains("wrong"), "{faults:?}");
    let Err(Error::Conflict(why)) = handed_in(&world, key, "unlucky").await else { panic!("kept") };
    assert!(why.contains("could not be tried") && !why.contains("unlucky"), "{why}");
    assert_eq!(world.seen(key).await.state, RotationState::Waiting);
    assert_eq!(world.current(key).await, "first-value");

    assert_eq!(handed_in(&world, key, "good").await.unwrap(), 2);
    let seen: RotationView = world.seen(key).await;
    let log: Vec<&str> = seen.history[0].log.iter().map(|entry| &*entry.text).collect();
    assert!(log.contains(&"the new value works"), "{log:?}");
    assert_eq!(
        (world.current(key).await.as_str(), server.asked().last().unwrap().line().as_str()),
        ("good", "GET /eu/me")
    );
    // Without the recipe, what is pasted is taken as it is.
    set("", &[]).await.unwrap();
    assert_eq!(handed_in(&world, key, "anything").await.unwrap(), 3);
}
