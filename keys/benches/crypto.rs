//! What the cryptography costs: `cargo bench -p keyward-keys --bench crypto`. No file, no network.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyward_keys::crypto::{
    Claims, JwtKeys, MasterKey, PrivateKey, ServiceTokenSecret, Sha256Chain, VerifiedTokens, lock_to_token,
    open_version, open_version_with, open_warm, random_id, seal_version, unlock_with_token,
    version_content_key, warm_version,
};
use keyward_store::model::LockTarget;
use keyward_store::{ChainHasher, PageSealer};
use secrecy::ExposeSecret;

type Failure = Box<dyn std::error::Error>;

fn pages(c: &mut Criterion) -> Result<(), Failure> {
    let sealer = MasterKey::generate()?.page_sealer([1; 16])?;
    let mut plain = vec![7; 4096];
    let mut sealed = vec![0; 4096 + sealer.overhead()];
    let mut group = c.benchmark_group("page of 4 KiB");
    group.throughput(Throughput::Bytes(4096));
    sealer.seal(7, &plain, &mut sealed)?;
    group.bench_function("open", |b| b.iter(|| sealer.open(7, black_box(&sealed), &mut plain)));
    group.bench_function("seal", |b| b.iter(|| sealer.seal(7, black_box(&plain), &mut sealed)));
    group.finish();
    Ok(())
}

fn values(c: &mut Criterion) -> Result<(), Failure> {
    let private = PrivateKey::generate()?;
    let public = private.public();
    let (key, token) = (random_id()?, random_id()?);
    let pepper = MasterKey::generate()?.pepper()?;
    let made = ServiceTokenSecret::generate(&pepper)?;
    let text = made.text.expose_secret();
    let keys = ServiceTokenSecret::parse(text)?.keys()?;
    let sealed = seal_version(&public, key, 1, b"sk-test-0123456789")?;
    let target = LockTarget::ApiKey(key);
    let lock = lock_to_token(&private, target, token, &made.public_key)?;
    let content = version_content_key(&private, &public, key, 1, &sealed)?;
    let warm = warm_version(&keys, token, key, 1, &content)?;

    c.bench_function("version: seal", |b| {
        b.iter(|| seal_version(&public, key, 1, black_box(b"sk-test-0123456789")));
    });
    c.bench_function("version: open", |b| {
        b.iter(|| open_version(&private, &public, key, 1, black_box(&sealed)));
    });
    c.bench_function("token: parse, verifier, keys", |b| {
        b.iter(|| {
            let secret = ServiceTokenSecret::parse(black_box(text))?;
            Ok::<_, keyward_keys::crypto::Error>((secret.verifier(&pepper)?, secret.keys()?))
        });
    });
    c.bench_function("fetch by token, cold (token, lock, version)", |b| {
        b.iter(|| {
            let secret = ServiceTokenSecret::parse(black_box(text))?;
            let (_, keys) = (secret.verifier(&pepper)?, secret.keys()?);
            let private = unlock_with_token(&lock, target, token, &keys)?;
            open_version(&private, &public, key, 1, &sealed)
        });
    });
    c.bench_function("fetch by token, warm (token, wrap, version)", |b| {
        b.iter(|| {
            let secret = ServiceTokenSecret::parse(black_box(text))?;
            let (_, keys) = (secret.verifier(&pepper)?, secret.keys()?);
            let content = open_warm(&keys, token, key, 1, &warm)?;
            open_version_with(&content, &public, key, 1, &sealed)
        });
    });
    Ok(())
}

fn access_tokens(c: &mut Criterion) -> Result<(), Failure> {
    let keys = JwtKeys::new(&[7; 32], "here")?;
    let claims = Claims { sub: random_id()?, sid: random_id()?, iat: 1_000, exp: 4_600 };
    let token = keys.sign(&claims)?;
    let token = token.expose_secret();
    let seen = VerifiedTokens::new(1000);
    c.bench_function("access token: sign", |b| b.iter(|| keys.sign(black_box(&claims))));
    c.bench_function("access token: verify", |b| b.iter(|| keys.verify(black_box(token), 2_000_000)));
    c.bench_function("access token: remembered", |b| {
        b.iter(|| seen.verify(&keys, black_box(token), 2_000_000));
    });
    c.bench_function("audit link over 200 bytes", |b| {
        b.iter(|| Sha256Chain.link(black_box(&[1; 32]), 7, black_box(&[2; 200])));
    });
    Ok(())
}

fn all(c: &mut Criterion) {
    for group in [pages, values, access_tokens] {
        if let Err(error) = group(c) {
            // A bench that cannot be set up must not pass for one that was run.
            panic!("{error}");
        }
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
