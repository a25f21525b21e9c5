use crate::Lang;
use serde::{Deserialize, Serialize};
use server_fn::codec::JsonEncoding;
use server_fn::error::{FromServerFnError, ServerFnErrorErr};
use std::fmt;

macro_rules! codes {
    ($($name:ident $code:literal $status:literal $ko:literal $en:literal)*) => {
        /// What went wrong: a stable code, its HTTP status, and a sentence a person can act on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Code { $($name),* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name that clients may depend on.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $code),* } }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status),* } }

            /// The sentence for people.
            #[must_use]
            pub const fn message(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Self::$name, Lang::Ko) => $ko, (Self::$name, Lang::En) => $en),* }
            }
        }
    };
}

// Those that the contract fixes are formal; the others speak as the pages do.
codes! {
    Unauthenticated "unauthenticated" 401 "로그인이 필요합니다" "Please sign in."
    InvalidCredentials "invalid_credentials" 401 "잘못된 인증 정보" "The user name or the password is wrong."
    CredentialsRequired "credentials_required" 400 "사용자명과 비밀번호는 필수입니다" "Enter a user name and a password."
    UsernameTaken "username_taken" 400 "이미 존재하는 사용자명입니다" "This user name is taken. Choose another."
    UsernameReserved "username_reserved" 400 "예약된 사용자명이에요. 다른 이름을 골라 주세요" "This user name is reserved. Choose another."
    InvalidUsername "invalid_username" 400 "사용자명은 보이는 글자 1~64자여야 해요" "A user name has 1 to 64 visible characters."
    InvalidPassword "invalid_password" 400 "비밀번호는 8자 이상이어야 해요" "A password has at least 8 characters."
    PasswordTooLong "password_too_long" 400 "비밀번호는 1,024바이트 이하여야 해요" "A password has at most 1,024 bytes."
    InvalidMessage "invalid_message" 400 "메시지는 1~10,000자여야 하고, 널 문자(U+0000)는 쓸 수 없어요" "A message has 1 to 10,000 characters, none of them U+0000."
    InvalidQuery "invalid_query" 400 "검색어는 200자 이하여야 해요" "A search has at most 200 characters."
    InvalidRequest "invalid_request" 400 "요청을 이해할 수 없어요. 형식을 확인해 주세요" "The request could not be understood. Check its format."
    InvalidFault "invalid_fault" 400 "장애의 종류와 크기를 확인하고, 1~60분으로 정해 주세요" "Choose one of the faults, an amount within its bounds, and 1 to 60 minutes."
    InvalidSampleCount "invalid_sample_count" 400 "만들 개수는 1 이상이고 허용된 수 이하여야 해요" "The number of samples is at least 1 and at most what you may generate at once."
    Forbidden "forbidden" 403 "권한이 없어요" "You may not do this."
    OperatorsOnly "operators_only" 403 "운영자만 볼 수 있어요" "Only operators may see this."
    CrossSite "cross_site" 403 "다른 사이트에서 보낸 요청이라 거절했어요" "The request came from another site and was refused."
    NotFound "not_found" 404 "찾을 수 없어요" "There is nothing here."
    MethodNotAllowed "method_not_allowed" 405 "허용되지 않는 메서드예요" "This method is not allowed here."
    RequestTimeout "request_timeout" 408 "요청이 너무 오래 걸렸어요. 다시 시도해 주세요" "The request took too long to arrive. Try again."
    SamplesRunning "samples_running" 409 "이미 샘플 작업이 진행 중이에요" "A sample job is already running."
    PayloadTooLarge "payload_too_large" 413 "요청이 너무 커요" "The request is too large."
    UnsupportedMediaType "unsupported_media_type" 415 "지원하지 않는 형식이에요. application/json으로 보내 주세요" "This content type is not supported. Send application/json."
    TooManyRequests "too_many_requests" 429 "시도가 너무 많아요. 잠시 후 다시 시도해 주세요" "Too many attempts. Wait a moment and try again."
    Internal "internal" 500 "문제가 생겼어요. 잠시 후 다시 시도해 주세요" "Something went wrong. Try again in a moment."
    NoAnswer "no_answer" 503 "서버의 답을 받지 못했어요. 연결을 확인해 주세요. 저장하던 중이었다면 다시 하기 전에 이미 저장되었는지 살펴봐 주세요" "No answer came from the server. Check your connection. If you were storing something, look whether it was stored before you try again."
    Unconfirmed "unconfirmed" 503 "저장소가 제때 답하지 않았어요. 저장하던 중이었다면 다시 하기 전에 이미 저장되었는지 살펴봐 주세요" "The store did not answer in time. If you were storing something, look whether it was stored before you try again."
    Unavailable "unavailable" 503 "지금은 저장소에 연결할 수 없어요. 아무것도 저장되지 않았으니 잠시 후 다시 시도해 주세요" "The store can't be reached. Nothing was stored; try again in a moment."
}

/// An error of the board, as every door shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct BoardError {
    pub code: Code,
    /// When to try again, in seconds (Retry-After).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The trace to look at, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

impl BoardError {
    #[must_use]
    pub const fn retry_after(code: Code, seconds: u32) -> Self {
        Self { code, retry_after_s: Some(seconds), trace_id: None }
    }
}

impl From<Code> for BoardError {
    fn from(code: Code) -> Self {
        let retry_after_s = matches!(code, Code::Unavailable | Code::Unconfirmed | Code::TooManyRequests).then_some(1);
        Self { code, retry_after_s, trace_id: None }
    }
}

impl fmt::Display for BoardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message(Lang::En))
    }
}

impl FromServerFnError for BoardError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Code::InvalidRequest.into()
            }
            ServerFnErrorErr::Request(_) => Code::NoAnswer.into(),
            _ => Code::Internal.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BoardError, Code};

    #[test]
    fn codes_are_distinct_and_serialise_to_their_name() {
        for (i, code) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL.iter().skip(i + 1).all(|other| other.as_str() != code.as_str()));
            let json = serde_json::to_string(code).unwrap_or_default();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }

    #[test]
    fn unavailable_says_when_to_try_again() {
        assert_eq!(BoardError::from(Code::Unavailable).retry_after_s, Some(1));
    }
}
