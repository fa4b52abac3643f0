"""Sign-in settings that are the same on every machine: passwords, pages, second factor."""

from banking import limits

# Django's backend also serves allauth's pages: it hashes for unknown emails and needs no second
# table.
_DJANGO = "django.contrib.auth"
AUTHENTICATION_BACKENDS = [f"{_DJANGO}.backends.ModelBackend", "users.backends.RolePermissions"]
PASSWORD_HASHERS = [f"{_DJANGO}.hashers.{name}PasswordHasher" for name in ("Argon2", "PBKDF2")]
_VALIDATORS = f"{_DJANGO}.password_validation"
_LIKENESS = {"user_attributes": ("email", "name")}
_LENGTH = {"min_length": limits.PASSWORD_CHARACTERS}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator", "OPTIONS": _LIKENESS},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": _LENGTH},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "users.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "users.forms.SignInForm",
    "signup": "users.forms.SignUpForm",
    "reset_password": "users.forms.ResetPasswordForm",
    "reset_password_from_key": "users.forms.ResetPasswordKeyForm",
    "add_email": "users.forms.ChangeEmailForm",
    "change_password": "users.forms.ChangePasswordForm",
    "reauthenticate": "users.forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
STEP_UP_SECONDS = limits.STEP_UP_SECONDS
ACCOUNT_REAUTHENTICATION_TIMEOUT = STEP_UP_SECONDS
SIGN_IN_PROVES_SECONDS = limits.SIGN_IN_PROVES_SECONDS
ACCOUNT_SESSION_COOKIE_AGE = limits.SESSION_SECONDS
USERSESSIONS_ADAPTER = "users.adapters.SessionsAdapter"
MFA_ADAPTER = "users.adapters.FactorsAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # Clocks differ, and people need time to type.
MFA_FORMS = {
    "authenticate": "users.factor_forms.SignInCodeForm",
    "reauthenticate": "users.factor_forms.StepUpCodeForm",
    "login_webauthn": "users.factor_forms.PasskeySignInForm",
    "authenticate_webauthn": "users.factor_forms.SecondFactorPasskeyForm",
    "reauthenticate_webauthn": "users.factor_forms.StepUpPasskeyForm",
    "add_webauthn": "users.factor_forms.AddPasskeyForm",
}
# Our own limits (banking/limits.py) replace these; allauth's still guards setting up an app.
_OFF = ("login", "signup", "reset_password", "reset_password_from_key", "confirm_email")
_OFF_TOO = ("reauthenticate", "change_password")
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"} | dict.fromkeys(_OFF + _OFF_TOO)
MFA_RATE_LIMITS = {"webauthn_login": None}
