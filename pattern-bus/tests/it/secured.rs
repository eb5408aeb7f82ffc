//! Kafka over TLS, for clients that say who they are.

use pattern_bus::{KafkaSettings, Producer, Record, first_contact, topics::ensure_topics};
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_embedded::{
    DataDir, EmbeddedKafka, SecuredListener,
    testing::{self, Certificates},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

struct Secured {
    kafka: EmbeddedKafka,
    certificates: Certificates,
    data_dir: DataDir,
}

impl Secured {
    async fn start(name: &str, protocol: &str) -> Self {
        let data_dir = testing::private_folder(name);
        let certificates = Certificates::make(&data_dir.path().join("certificates"));
        let keystore = certificates.path("server.pem");
        let pem = [certificates.pem("server.key"), certificates.pem("server.crt")].concat();
        std::fs::write(&keystore, pem).expect("keystore");
        let login = "org.apache.kafka.common.security";
        let properties = format!(
            "ssl.keystore.type=PEM
ssl.keystore.location={keystore}
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config={login}.plain.PlainLoginModule required user_naia=\"plain secret\";
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config={login}.oauthbearer.OAuthBearerLoginModule required;
",
            keystore = keystore.display()
        );
        let listener = SecuredListener {
            protocol: protocol.into(),
            properties,
            scram_users: vec!["SCRAM-SHA-512=[name=naia,password=scram-secret]".into()],
        };
        let programs = testing::kafka_programs();
        let kafka = EmbeddedKafka::start_with(&data_dir, &programs, Some(&listener)).await.expect("kafka");
        Self { kafka, certificates, data_dir }
    }

    fn settings(&self, options: &[(&str, &str)]) -> KafkaSettings {
        let mut settings = KafkaSettings::new(self.kafka.secured_bootstrap().expect("it has that listener"));
        let ca = self.certificates.path("ca.crt").display().to_string();
        settings.options.insert("ssl.ca.location".into(), ca);
        settings
            .options
            .extend(options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        settings
    }
}

fn sasl<'a>(mechanism: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", mechanism),
        ("sasl.username", "naia"),
        ("sasl.password", password),
    ]
}

async fn meet(settings: &KafkaSettings) -> pattern_bus::Result<()> {
    first_contact(settings, &CancellationToken::new()).await
}

async fn refusal(settings: &KafkaSettings) -> String {
    match meet(settings).await {
        Err(pattern_bus::BusError::Settings(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

async fn works(settings: &KafkaSettings) {
    meet(settings).await.expect("a broker answers");
    ensure_topics(settings).await.expect("topics");
    let producer = Producer::new(settings).expect("producer");
    let topic = settings.topic(TOPIC_DATAPOINTS);
    let record = Record { topic: &topic, key: Some(b"key"), payload: Some(b"{}"), ..Record::default() };
    producer.send(record).await.expect("a record is written");
}

#[tokio::test]
async fn clients_log_in_with_scram_or_plain_over_tls_and_a_wrong_password_is_refused_for_good() {
    let secured = Secured::start("sasl-ssl", "SASL_SSL").await;
    works(&secured.settings(&sasl("SCRAM-SHA-512", "scram-secret"))).await;
    works(&secured.settings(&sasl("PLAIN", "plain secret"))).await;

    let wrong = refusal(&secured.settings(&sasl("SCRAM-SHA-512", "wrong"))).await;
    assert!(wrong.contains("uthentication failed"), "{wrong}");
    let wrong = refusal(&secured.settings(&sasl("PLAIN", "wrong"))).await;
    assert!(wrong.contains("uthentication failed"), "{wrong}");

    let mut untrusting = secured.settings(&sasl("PLAIN", "plain secret"));
    untrusting.options.remove("ssl.ca.location");
    let untrusted = refusal(&untrusting).await;
    assert!(untrusted.contains("certificate"), "{untrusted}");
    untrusting.options.insert("ssl.ca.location".into(), "/nowhere/ca.crt".into());
    assert!(refusal(&untrusting).await.contains("ssl.ca.location"));
    secured.kafka.stop().await;
    drop(secured.data_dir);
}

#[tokio::test]
async fn tls_alone_serves_too() {
    let secured = Secured::start("ssl", "SSL").await;
    works(&secured.settings(&[("security.protocol", "SSL")])).await;
    secured.kafka.stop().await;
}

#[tokio::test]
async fn tokens_of_an_oauth_server_are_fetched_and_one_that_is_away_is_waited_for() {
    let secured = Secured::start("oauth", "SASL_SSL").await;
    let server = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let endpoint = format!("http://{}/token", server.local_addr().expect("address"));
    let options = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.oauthbearer.method", "oidc"),
        ("sasl.oauthbearer.client.id", "naia"),
        ("sasl.oauthbearer.client.secret", "secret"),
    ];
    let mut away = secured.settings(&options);
    away.options.insert("sasl.oauthbearer.token.endpoint.url".into(), "http://127.0.0.1:1/token".into());
    let waiting = tokio::time::timeout(Duration::from_secs(6), meet(&away)).await;
    assert!(waiting.is_err(), "it may come back: {waiting:?}");

    tokio::spawn(give_tokens(server));
    let mut settings = secured.settings(&options);
    settings.options.insert("sasl.oauthbearer.token.endpoint.url".into(), endpoint);
    works(&settings).await;
    secured.kafka.stop().await;
}

/// Gives every client a token that is not signed, which a broker without an OAuth server of its own takes.
async fn give_tokens(server: TcpListener) {
    loop {
        let (mut client, _) = server.accept().await.expect("client");
        tokio::spawn(async move {
            let mut request = [0; 8192];
            drop(client.read(&mut request).await);
            let now = chrono::Utc::now().timestamp();
            let claims = format!(r#"{{"sub":"naia","iat":{now},"exp":{}}}"#, now + 3600);
            let part = |json: &str| {
                use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
                URL_SAFE_NO_PAD.encode(json)
            };
            let token = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims));
            let body = format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":3600}}"#);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(client.write_all(answer.as_bytes()).await);
        });
    }
}
