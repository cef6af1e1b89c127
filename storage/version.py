"""The version of Dateline, as sites see it in the User-Agent and captures name it."""

VERSION = "0.1.0"
