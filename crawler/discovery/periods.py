"""Update periods as feeds and sitemaps name them."""

from __future__ import annotations

# In minutes. RSS's syndication module and https://www.sitemaps.org/protocol.html name the same.
# The "always" and "never" of sitemaps say nothing of a pause.
PERIODS = {
    "hourly": 60,
    "daily": 24 * 60,
    "weekly": 7 * 24 * 60,
    "monthly": 30 * 24 * 60,
    "yearly": 365 * 24 * 60,
}
