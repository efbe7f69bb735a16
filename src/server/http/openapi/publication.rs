//! What is published, and what verifier apps fetch, as the document describes it.
//!
//! Refuses to describe in full what others have specified: those forms are named by where they come from.
//!
//! Source: OpenAPI Specification 3.1.0.

use super::{count, instant, list, object, schema, text, with};
use crate::server::http::routes::Route;
use serde_json::{Map, Value, json};

/// An address: its method and path, its id, what it does, what it answers with, and the schema where that is JSON.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

/// What `route` does, if it is one of these.
pub(super) fn operation(route: &Route) -> Value {
    let mut rows = ROWS.iter();
    let Some((_, path, id, summary, media_type, name)) =
        rows.find(|row| (row.0, row.1) == (route.method, route.path))
    else {
        return json!({});
    };
    let schema = name.map_or_else(|| json!({}), schema);
    let mut responses = json!({
        "200": {
            "description": "The answer. What may be kept bears an entity tag.",
            "content": { *media_type: { "schema": schema } },
        },
    });
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    if route.method == "GET" {
        responses = with(
            responses,
            json!({ "304": { "description": "The caller has it." } }),
        );
    }
    if *id == "signerUpdate" {
        responses = with(
            responses,
            json!({ "204": { "description": "There are no more." } }),
        );
    }
    // Whatever is below the list of signers demands that the caller says which one it has.
    let of_slices = path.starts_with("/lists/");
    if of_slices {
        responses = with(responses, json!({ "412": problem() }));
        responses = with(
            responses,
            json!({ "304": { "description": "Nothing is newer than the time that the caller names." } }),
        );
    }
    for status in ["400", "404", "500", "503"] {
        responses = with(responses, json!({ status: problem() }));
    }
    let mut said = json!({ "operationId": id, "summary": summary, "responses": responses });
    let parameters = parameters(path, id);
    if !parameters.is_empty() {
        said = with(said, json!({ "parameters": parameters }));
    }
    if route.method == "POST" {
        let name = if of_slices { "SliceIds" } else { "Kids" };
        let content = json!({ "application/json": { "schema": super::schema(name) } });
        said = with(
            said,
            json!({ "requestBody": { "required": !of_slices, "content": content } }),
        );
    }
    said
}

fn parameters(path: &str, id: &str) -> Vec<Value> {
    let steps = path.split('/');
    let names = steps.filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'));
    let within = names.map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let header = |name: &str, what: &str| json!({ "name": name, "in": "header", "description": what, "schema": { "type": "string" } });
    let mut parameters: Vec<_> = within.collect();
    if path.starts_with("/lists/") {
        let tag = header(
            "If-Match",
            "The entity tag of the list that the caller has, with quotes or without.",
        );
        parameters.push(with(tag, json!({ "required": true })));
        parameters.push(header(
            "If-Modified-Since",
            "ISO 8601 or as HTTP writes times.",
        ));
        let mut kind = header(
            "X-SLICE-FILTER-TYPE",
            "Which kind of filter; a Bloom filter where it is absent.",
        );
        if let Some(members) = kind.as_object_mut() {
            let kinds = json!({ "type": "string", "enum": ["BLOOMFILTER", "VARHASHLIST"] });
            members.insert("schema".to_owned(), kinds);
        }
        parameters.push(kind);
    }
    match id {
        "signerUpdate" => parameters.push(header(
            "X-RESUME-TOKEN",
            "The number of the last signer that the caller has; absent or empty to begin.",
        )),
        "signerDelta" => parameters.push(header(
            "If-Modified-Since",
            "ISO 8601 or as HTTP writes times.",
        )),
        _ => {}
    }
    parameters
}

/// The schemas that these speak of.
pub(super) fn schemas() -> Value {
    let hash = |what: &str| with(text(what), json!({ "pattern": "^[0-9a-f]{64}$" }));
    let link = object(
        json!({
            "url": text("Where the newest one is."),
            "immutable_url": text("Where this very one is, for as long as this node keeps it."),
            "sha256": hash("Over its bytes."),
            "bytes": count("How long it is."),
        }),
        &[],
    );
    let of = |value: Value| json!({ "type": "object", "additionalProperties": value });
    let either = |value: Value| json!({ "anyOf": [value, { "type": "null" }] });
    let roots = object(
        json!({
            "publication": of(hash("SHA-256 over the certificate of the key with this purpose.")),
            "trust_anchors": list(hash("SHA-256 over the certificate of one of our trust anchors.")),
        }),
        &[],
    );
    let digit = || either(text("A hexadecimal digit in lower case."));
    let slice = object(
        json!({
            "type": text("BLOOMFILTER or VARHASHLIST."),
            "version": text("Of its bytes."),
            "hash": hash("Over its bytes: the slice's id."),
        }),
        &[],
    );
    let partition = object(
        json!({
            "kid": text("The signer's key identifier."),
            "id": either(text("The partition's id; `null` in addresses where it is null.")),
            "x": digit(),
            "y": digit(),
            "lastUpdated": instant("When it last changed."),
            "expired": instant("When the last of its slices ends."),
            "chunks": of(of(slice)),
        }),
        &[],
    );
    json!({
        "Discovery": object(json!({
            "environment": text("demo, test or production."),
            "sequence": count("The number of the publication."),
            "created": instant("When it was made."),
            "previous": either(hash("SHA-256 over the manifest before.")),
            "manifest": hash("SHA-256 over its manifest, which names every artefact."),
            "formats": list(text("A form in which keys are published here.")),
            "artefacts": of(link),
            "changes": text("Where it is told what came and went."),
            "roots": roots,
            "receipt_keys": list(schema("PublishedReceiptKey")),
            "contact": either(text("Whom to write to.")),
        }), &[]),
        "PublishedReceiptKey": object(json!({
            "kid": hash("SHA-256 over the public key, by which receipts name it."),
            "certificate": text("The certificate, DER in Base64."),
        }), &[]),
        "Bundle": object(json!({
            "name": hash("SHA-256 over its signed part."),
            "url": text("Where it is, for ever."),
            "bytes": count("How long it is."),
            "environment": text("demo, test or production."),
            "epoch": count("How often the root began anew."),
            "sequence": count("Its number; the higher is the newer."),
            "issued_at": instant("When it was signed."),
            "root": hash("The fingerprint of the root that scanners pin."),
            "following": list(object(json!({
                "name": hash("The earlier bundle."),
                "url": text("Where it is what follows that one."),
                "bytes": count("How long that is."),
            }), &[])),
        }), &[]),
        "Manifest": object(json!({
            "environment": text("demo, test or production."),
            "sequence": count("The number of the publication."),
            "created": instant("When it was made."),
            "previous": either(hash("SHA-256 over the manifest before.")),
            "artefacts": of(hash("SHA-256 over the artefact with this name.")),
        }), &[]),
        "Kids": list(text("A key identifier in Base64.")),
        "SignersByCountry": of(list(object(json!({
            "kid": text("The key identifier in Base64."),
            "rawData": text("The certificate, DER in Base64."),
        }), &[]))),
        "SignerDelta": object(json!({
            "updated": schema("Kids"),
            "deleted": schema("Kids"),
        }), &[]),
        "RuleHashes": list(object(json!({
            "identifier": text("Such as VR-DE-0001."),
            "version": text("Three numbers."),
            "country": text("The country whose rule it is."),
            "hash": hash("SHA-256 over its bytes."),
        }), &[])),
        "ValueSetHashes": list(object(json!({
            "id": text("The id of the value set."),
            "hash": hash("SHA-256 over its bytes."),
        }), &[])),
        "Countries": list(text("A country code.")),
        "SliceIds": list(text("A chunk or a slice, by its id.")),
        "SliceLists": list(object(json!({
            "kid": text("The signer's key identifier, Base64 for URLs without padding, or UNKNOWN_KID."),
            "mode": text("POINT, VECTOR or COORDINATE: how finely its slices are divided."),
            "hashTypes": list(text("What hashes are over: SIGNATURE, UCI or COUNTRYCODEUCI.")),
            "expires": instant("When the last of its slices ends."),
            "lastUpdated": instant("When it last changed."),
        }), &[])),
        "SlicePartitions": list(schema("SlicePartition")),
        "SlicePartition": partition,
        "Foreign": {
            "description": "A document in the form that others have specified.",
            "type": Value::Array(["object", "array"].map(Value::from).to_vec()),
            "properties": Map::new(),
        },
    })
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const GZIP: &str = "application/gzip";
const HTML: &str = "text/html";
const FOREIGN: Option<&str> = Some("Foreign");
const GET: &str = "GET";
#[rustfmt::skip]
const ROWS: &[Row] = &[
    (GET, "/.well-known/lintas", "discovery", "Tell what is published, where, and by whose keys.", JSON, Some("Discovery")),
    (GET, "/v1/bundle", "bundle", "Tell which bundle for scanners is the newest, and where it is.", JSON, Some("Bundle")),
    (GET, "/v1/bundle/{name}", "bundleWhole", "Give the newest bundle.", "application/vnd.lintas.bundle+cbor", None),
    (GET, "/v1/bundle/{name}/from/{before}", "bundleFollowing", "Give what the newest bundle has that an earlier one has not.", "application/vnd.lintas.bundle+cbor", None),
    (GET, "/scan/", "page", "Give the scanner as a page.", HTML, None),
    (GET, "/scan/{name}", "pageFile", "Give a file of that page.", "*/*", None),
    (GET, "/scan/pkg/{name}", "pagePackage", "Give a file of the package that judges in it.", "*/*", None),
    (GET, "/published/trustlist.json", "listJson", "Give the trust list in the EU gateway's form.", JSON, FOREIGN),
    (GET, "/published/trustlist.cbor", "listCbor", "Give the trust list as a signed COSE message.", "application/cose", None),
    (GET, "/published/jwks.json", "listKeys", "Give the signers' keys as a JSON Web Key set.", "application/jwk-set+json", FOREIGN),
    (GET, "/published/dcc_trustlist.zip", "archive", "Give all certificates as files.", "application/zip", None),
    (GET, "/published/dcc_trustlist.zip.sig.txt", "archiveSignature", "Give the CMS message that signs the archive.", TEXT, None),
    (GET, "/published/certificates.pem", "certificates", "Give the certificates of the keys that sign all this.", "application/x-pem-file", None),
    (GET, "/published/manifest.json", "manifest", "Give the hashes of all artefacts.", JSON, Some("Manifest")),
    (GET, "/published/signer/did.json", "didSigner", "Give the DID document of whoever signs DID documents.", JSON, FOREIGN),
    (GET, "/published/{sequence}/{name}", "numbered", "Give an artefact of one publication, which never changes.", "*/*", None),
    (GET, "/v2/trustlist/did.json", "did", "Give the trust list as a DID document.", JSON, FOREIGN),
    (GET, "/v2/trustlist/{domain}/did.json", "didDomain", "The same for one domain, or `-`.", JSON, FOREIGN),
    (GET, "/v2/trustlist/{domain}/{participant}/did.json", "didParticipant", "The same for one participant, or `-`.", JSON, FOREIGN),
    (GET, "/v2/trustlist/{domain}/{participant}/{usage}/did.json", "didUsage", "The same for one usage.", JSON, FOREIGN),
    (GET, "/v2/trustlist-ref/did.json", "ref", "Give the DIDs of the documents below.", JSON, FOREIGN),
    (GET, "/v2/trustlist-ref/{domain}/did.json", "refDomain", "The same for one domain, or `-`.", JSON, FOREIGN),
    (GET, "/v2/trustlist-ref/{domain}/{participant}/did.json", "refParticipant", "The same for one participant, or `-`.", JSON, FOREIGN),
    (GET, "/v2/trustlist-ref/{domain}/{participant}/{usage}/did.json", "refUsage", "Give the DID of the document with the keys.", JSON, FOREIGN),
    (GET, "/signercertificateStatus", "signerStatus", "List the key identifiers of all signers.", JSON, Some("Kids")),
    (GET, "/signercertificateStatus/delta", "signerDelta", "List what came and what went.", JSON, Some("SignerDelta")),
    (GET, "/signercertificateUpdate", "signerUpdate", "Give the next signer's certificate, with its number and key identifier in headers.", TEXT, None),
    ("POST", "/signercertificateUpdate", "signersNamed", "Give the certificates of some signers.", JSON, Some("SignersByCountry")),
    (GET, "/trustedissuers", "trustedIssuers", "List where else countries publish keys.", JSON, FOREIGN),
    (GET, "/context", "context", "Tell how a verifier app is set up.", JSON, FOREIGN),
    (GET, "/rules", "rules", "List the business rules by their hashes.", JSON, Some("RuleHashes")),
    (GET, "/rules/{country}", "rulesOf", "The same for one country.", JSON, Some("RuleHashes")),
    (GET, "/rules/{country}/{hash}", "rule", "Give one rule, byte for byte.", JSON, FOREIGN),
    (GET, "/valuesets", "valueSets", "List the value sets by their hashes.", JSON, Some("ValueSetHashes")),
    (GET, "/valuesets/{hash}", "valueSet", "Give one value set, byte for byte.", JSON, FOREIGN),
    (GET, "/countrylist", "countries", "List the countries that have rules or hand in here.", JSON, Some("Countries")),
    (GET, "/lists", "sliceLists", "List the signers of which certificates are withdrawn.", JSON, Some("SliceLists")),
    (GET, "/lists/{kid}/partitions", "slicePartitions", "List a signer's partitions, with the ids of their slices.", JSON, Some("SlicePartitions")),
    (GET, "/lists/{kid}/partitions/{id}", "slicePartition", "The same for one partition.", JSON, Some("SlicePartition")),
    ("POST", "/lists/{kid}/partitions/{id}/slices", "slicesOfPartition", "Give the slices of a partition, or of the chunks named, as a TAR archive.", GZIP, None),
    (GET, "/lists/{kid}/partitions/{id}/chunks/{cid}/slices", "slicesOfChunk", "Give the slices of a chunk as a TAR archive.", GZIP, None),
    ("POST", "/lists/{kid}/partitions/{id}/chunks/{cid}/slices", "slicesNamed", "Give the slices of a chunk that are named.", GZIP, None),
    (GET, "/lists/{kid}/partitions/{id}/chunks/{cid}/slices/{sid}", "slice", "Give one slice as a TAR archive.", GZIP, None),
    (GET, "/publickey", "publicKey", "Give the public key under the signatures in X-SIGNATURE.", TEXT, None),
];
