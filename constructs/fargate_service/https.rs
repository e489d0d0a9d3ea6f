//! TLS before a service: its certificate and policy.

use crate::kernel::prelude::*;

properties! {
    /// TLS: requests come to port 443, and those to port 80 are sent there.
    pub struct Https {
        /// The ARN of a certificate in ACM, in the region of the stack.
        certificate: Text,
        /// Which versions and ciphers of TLS it takes: the name of a security policy of load balancers.
        policy: Spanned<String> = "ELBSecurityPolicy-TLS13-1-2-2021-06",
    }
}

/// TLS, in terms of the stack.
pub(super) struct Terms {
    /// The ARN of the certificate.
    pub(super) certificate: Expr<Handle>,
    /// The name of the policy.
    pub(super) policy: Expr<Handle>,
    /// The domain the certificate is for, if that is known.
    pub(super) domain: Option<Expr<Handle>>,
}

impl Https {
    /// Adds the certificate, if it is not there yet.
    pub(super) fn build(&self, scope: &mut Scope<'_>) -> Terms {
        Terms { certificate: scope.text(&self.certificate), policy: self.policy.clone().into(), domain: None }
    }
}
