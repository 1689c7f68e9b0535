"""Words at risk in the interview: help is above all at once, stays at its turn, and the study's policy is followed."""

from __future__ import annotations

from playwright.async_api import expect

from tests.journeys import axe
from tests.journeys.conftest import OpenPage
from tests.journeys.site import Site
from tests.journeys.talking import Talk, at_chat

AT_RISK = "I want to die."
HOTLINES = [
    {
        "name": "Crisis line",
        "phone": "+62 21 500 454",
        "url": "https://help.example/now",
        "hours": "day and night",
    },
    {"name": "Not a page", "url": "javascript:alert(1)"},
]


async def talking(site: Site, open_page: OpenPage, policy: str, **options: object) -> Talk:
    talk = await at_chat(site, open_page, scripted=True, chat={"policy": policy}, **options)
    await talk.begin()
    return talk


async def test_help_is_above_all_at_once_and_stays_at_its_turn(site: Site, open_page: OpenPage) -> None:
    talk = await talking(site, open_page, "continue")
    panel = talk.page.get_by_role("dialog", name="Help, right now")
    await talk.say(AT_RISK)
    await expect(panel).to_be_visible()
    await expect(
        panel.get_by_text("This is a demonstration. The numbers here are placeholders")
    ).to_be_visible()
    assert await talk.page.evaluate("document.querySelector('dialog[open]').matches(':modal')")
    await talk.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(talk.log.get_by_role("region", name="Where you can find help")).to_be_visible()
    await talk.assert_shown_as_kept()
    # It was seen: a page that is opened again does not show it above all once more, but still at its turn.
    await talk.page.reload()
    await expect(talk.log.get_by_role("region", name="Where you can find help")).to_be_visible()
    await expect(panel).to_be_hidden()
    await talk.say("I would like to go on.")
    await talk.replies(3)
    assert len(await site.rows("SELECT 1 FROM alerts WHERE session_id = $1", talk.session)) == 1


async def test_help_is_at_hand_without_a_network(site: Site, open_page: OpenPage) -> None:
    talk = await talking(site, open_page, "continue", faults=True)
    await talk.page.context.set_offline(True)
    await talk.button("Get help now").last.click()
    await expect(talk.page.get_by_role("dialog", name="Help, right now")).to_be_visible()
    await talk.button("Close").click()
    await expect(talk.page.get_by_role("dialog", name="Help, right now")).to_be_hidden()


async def test_only_numbers_and_pages_of_the_web_can_be_followed(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True, help={"hotlines": HOTLINES})
    await talk.button("Get help now").first.click()
    panel = talk.page.get_by_role("dialog", name="Help, right now")
    links = await panel.get_by_role("link").evaluate_all("all => all.map(one => one.href)")
    assert links == ["tel:+6221500454", "https://help.example/now"]
    await expect(panel.get_by_text("javascript:alert(1)")).to_be_visible()


async def test_under_policy_pause_the_person_chooses_to_go_on_also_after_a_reload(
    site: Site, open_page: OpenPage
) -> None:
    talk = await talking(site, open_page, "pause")
    await talk.say(AT_RISK)
    await talk.button("Close").click()
    await expect(talk.box).to_have_count(0)
    await expect(talk.page.get_by_role("heading", name="Would you like to go on?")).to_be_focused()
    await talk.page.reload()
    await expect(talk.page.get_by_role("heading", name="Would you like to go on?")).to_be_visible()
    await expect(talk.box).to_have_count(0)
    await talk.button("Go on with the conversation").click()
    await expect(talk.box).to_be_focused()
    await talk.say("I would like to go on.")
    await talk.replies(3)
    await expect(talk.box).to_be_visible()
    await talk.assert_shown_as_kept()


async def test_under_policy_pause_the_person_may_finish_before_the_minimum(
    site: Site, open_page: OpenPage
) -> None:
    talk = await talking(site, open_page, "pause")
    await talk.say(AT_RISK)
    await talk.button("Close").click()
    await talk.button("Finish the conversation").click()
    await talk.button("Yes, finish").click()
    await expect(talk.log).to_have_count(0)
    assert await talk.end_reason() == "safety"


async def test_under_policy_end_the_help_stays_until_the_person_continues(
    site: Site, open_page: OpenPage
) -> None:
    talk = await talking(site, open_page, "end")
    await talk.say(AT_RISK)
    await talk.button("Close").click()
    await expect(talk.page.get_by_role("heading", name="The conversation has ended")).to_be_focused()
    await expect(talk.page.get_by_text("do not stay alone with this")).to_be_visible()
    # Also for who comes back later.
    await talk.page.reload()
    await expect(talk.page.get_by_role("heading", name="The conversation has ended")).to_be_visible()
    await expect(talk.log.get_by_role("region", name="Where you can find help")).to_be_visible()
    await talk.button("Continue").click()
    await expect(talk.log).to_have_count(0)
    assert await talk.end_reason() == "safety"


async def test_in_indonesian_too(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True, language="id")
    await talk.button("Mulai percakapan").click()
    await talk.replies(1)
    await talk.page.get_by_role("textbox", name="Pesan Anda").fill("Saya ingin mati.")
    await talk.button("Kirim").click()
    panel = talk.page.get_by_role("dialog", name="Bantuan, saat ini juga")
    await expect(panel.get_by_text("Nomor-nomor di sini hanya contoh")).to_be_visible()
    await talk.button("Tutup").click()
    await talk.assert_shown_as_kept()
    assert await axe.violations(talk.page) == []
