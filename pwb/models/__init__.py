"""The tables."""

from pwb.models.audit import Action, AuditEvent
from pwb.models.catalogue import AICatalogue, AIModel
from pwb.models.generations import GenerationRequest
from pwb.models.integrations import WebsiteIntegration
from pwb.models.people import AccountLink, Membership, ThrottleCounter, User
from pwb.models.properties import Property, PropertyText
from pwb.models.publishing import ApiToken, TextApproval, TextVersion, WritingRule
from pwb.models.social import PropertyPhoto, SocialMediaPost
from pwb.models.usage import UsageDaily, UsageMonthly
from pwb.models.websites import Website

__all__ = [
    "AICatalogue",
    "AIModel",
    "AccountLink",
    "Action",
    "ApiToken",
    "AuditEvent",
    "GenerationRequest",
    "Membership",
    "Property",
    "PropertyPhoto",
    "PropertyText",
    "SocialMediaPost",
    "TextApproval",
    "TextVersion",
    "ThrottleCounter",
    "UsageDaily",
    "UsageMonthly",
    "User",
    "Website",
    "WebsiteIntegration",
    "WritingRule",
]
