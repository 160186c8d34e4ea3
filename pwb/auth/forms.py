"""Forms of signing in and of one-time links."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from pwb.services.accounts import PASSWORD_MAX, PASSWORD_MIN

_NEW_PASSWORD = Length(
    PASSWORD_MIN,
    PASSWORD_MAX,
    message=f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters.",
)


class LoginForm(FlaskForm):
    """E-mail and password; `next` is where the person was going."""

    email = EmailField("E-mail", [DataRequired("Enter your e-mail."), Length(max=254)])
    password = PasswordField("Password", [DataRequired("Enter your password.")])
    next = HiddenField()


class ForgotPasswordForm(FlaskForm):
    email = EmailField("E-mail", [DataRequired("Enter your e-mail."), Length(max=254)])


class NewPasswordForm(FlaskForm):
    password = PasswordField(
        "New password",
        [DataRequired("Choose a password."), _NEW_PASSWORD],
        description=f"{PASSWORD_MIN} characters at least.",
    )
    password_again = PasswordField(
        "New password again",
        [DataRequired("Enter it once more."), EqualTo("password", "The two passwords differ.")],
    )


class AcceptInvitationForm(FlaskForm):
    """For somebody who has no account here yet."""

    name = StringField("Your name", [DataRequired("Enter your name."), Length(max=120)])
    password = PasswordField(
        "Password",
        [DataRequired("Choose a password."), _NEW_PASSWORD],
        description=f"{PASSWORD_MIN} characters at least.",
    )


class InvitationOfKnownForm(FlaskForm):
    """For somebody who has an account here, and proves it."""

    password = PasswordField(
        "Password",
        [DataRequired("Enter your password."), Length(max=PASSWORD_MAX)],
        description="The password of the account that you have here already.",
    )
