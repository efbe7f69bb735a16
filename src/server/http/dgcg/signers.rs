//! Signers that parties hand in and take back.
//!
//! Refuses other media types; the rest is decided in the hub.
//!
//! Source: EU DGCG, `/signerCertificate`; WHO TNG, the same, and taking back at `/trustedCertificate`.

use super::asked::{Asked, CMS};
use crate::server::gateway::hub::{
    Conduct, Handed, Reason, Refused, Tng, delete_signer, upload_signer,
};
use actix_web::HttpResponse;
use actix_web::web::Payload;

/// `POST /signerCertificate`.
pub(super) async fn upload(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let body = asked.body(payload, &[CMS]).await?;
        take_in(&asked, &Handed::certificate(&body)?, None).await
    };
    let result = result.await;
    asked.answer(result)
}

/// Takes in what was handed in, with whatever `more` is said of it.
pub(super) async fn take_in(
    asked: &Asked,
    handed: &Handed,
    more: Option<&Tng>,
) -> Result<HttpResponse, Refused> {
    let conduct = Conduct {
        dialect: asked.dialect,
        is_strict: asked.gateway().has_strict_uploads(),
    };
    let done = asked.hand_in(|hub, party, at| upload_signer(hub, party, handed, more, conduct, at));
    done.await
        .map_err(|refused| refused.within(Reason::UploadUnavailable))?;
    Ok(HttpResponse::Created().finish())
}

/// `DELETE /signerCertificate` and the other addresses at which certificates are taken back.
pub(super) async fn delete(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let body = asked.body(payload, &[CMS]).await?;
        let handed = Handed::certificate(&body)?;
        let dialect = asked.dialect;
        let done = asked.hand_in(|hub, party, at| delete_signer(hub, party, &handed, dialect, at));
        done.await
            .map_err(|refused| refused.within(Reason::DeleteUnavailable))?;
        Ok(HttpResponse::NoContent().finish())
    };
    let result = result.await;
    asked.answer(result)
}
