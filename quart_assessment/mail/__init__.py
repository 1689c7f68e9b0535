"""Mail to staff over SMTP. It knows no room; what it says, and to whom, comes from those who use it."""
