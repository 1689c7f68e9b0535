"""The interview for everyone: by keyboard, by screen reader, on small screens, with long messages."""

from __future__ import annotations

from playwright.async_api import expect

from tests.journeys import axe
from tests.journeys.conftest import OpenPage
from tests.journeys.screens import wider
from tests.journeys.site import Site
from tests.journeys.talking import at_chat


async def test_enter_sends_and_shift_and_enter_begin_a_line(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True)
    await talk.begin()
    await talk.box.press_sequentially("One")
    await talk.box.press("Shift+Enter")
    await talk.box.press_sequentially("Two")
    await talk.box.press("Enter")
    await talk.replies(2)
    assert (await talk.turns())[1]["message"] == "One\nTwo"
    await expect(talk.box).to_be_focused()


async def test_on_a_touch_screen_enter_begins_a_line(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True, has_touch=True, is_mobile=True)
    await talk.begin()
    await talk.box.press_sequentially("One")
    await talk.box.press("Enter")
    await talk.box.press_sequentially("Two")
    await talk.button("Send").tap()
    await talk.replies(2)
    assert (await talk.turns())[1]["message"] == "One\nTwo"
    await expect(talk.box).to_be_focused()


async def test_a_message_that_is_too_long_says_so_and_is_not_sent(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True)
    await talk.begin()
    await talk.box.fill("🌿" * 7_999)
    await expect(talk.page.get_by_text("Room for 1 more character.")).to_be_visible()
    await talk.box.fill("🌿" * 8_001)
    await expect(talk.page.get_by_text("Too long by 1 character.")).to_be_visible()
    await expect(talk.button("Send")).to_be_disabled()
    await talk.say("🌿" * 8_000)
    await talk.replies(2)
    await talk.assert_shown_as_kept()


async def test_a_reply_is_read_out_once_it_is_whole(site: Site, open_page: OpenPage) -> None:
    talk = await at_chat(site, open_page, scripted=True)
    await talk.begin()
    await talk.page.evaluate(
        """() => {
            window.live = [];
            const log = document.querySelector('[role=log]');
            const read = node => node.nodeType === 1 && !node.closest('[aria-live=off]') && node.matches('article');
            new MutationObserver(all => all.forEach(one => one.addedNodes.forEach(node =>
                read(node) && window.live.push(node.querySelector('.words').textContent))))
                .observe(log, {childList: true, subtree: true});
        }"""
    )
    await talk.say("Work is fine.")
    await talk.replies(2)
    assert await talk.page.evaluate("window.live") == [(await talk.shown())[-1][1]]


async def test_who_reads_further_up_stays_there_and_is_told_of_new_words(
    site: Site, open_page: OpenPage
) -> None:
    talk = await at_chat(site, open_page, scripted=True, viewport=(390, 844))
    await talk.begin()
    for number in range(2, 5):
        await talk.say("Some words about it, and some more.\n" * 6)
        await talk.replies(number)
    await talk.box.fill("And one more.")
    await talk.page.mouse.move(200, 300)
    await talk.page.mouse.wheel(0, -5000)
    await expect(talk.page.get_by_role("heading", name="Conversation", exact=True)).to_be_in_viewport()
    await expect(talk.button("New message below")).to_have_count(0)
    # Sent from another tab, so that nothing here calls for the end.
    other = await talk.in_another_tab()
    await other.say("And one more.")
    await other.replies(5)
    await talk.page.bring_to_front()
    await expect(talk.button("New message below")).to_be_visible()
    assert await talk.page.evaluate("scrollY") < 50
    await talk.button("New message below").click()
    await expect(talk.button("New message below")).to_have_count(0)
    await expect(talk.log.locator("article").last).to_be_in_viewport()


async def test_long_words_and_small_screens_do_not_scroll_sideways(
    site: Site, open_page: OpenPage, viewport: tuple[int, int]
) -> None:
    talk = await at_chat(site, open_page, scripted=True, viewport=viewport)
    await talk.begin()
    await talk.say("W" * 400)
    await talk.replies(2)
    assert await wider(talk.page) <= 0
    await expect(talk.box).to_be_in_viewport(ratio=1)
    await expect(talk.button("Send")).to_be_in_viewport(ratio=1)


async def test_no_one_is_kept_out(site: Site, open_page: OpenPage) -> None:
    for scheme in ("light", "dark"):
        talk = await at_chat(
            site, open_page, scripted=True, color_scheme=scheme, chat={"policy": "pause"}, faults=True
        )
        await talk.button("Begin the conversation").wait_for()
        assert await axe.violations(talk.page) == []
        await talk.begin()
        await talk.say("Work is fine.")
        await talk.replies(2)
        assert await axe.violations(talk.page) == []
        await talk.say("I want to die.")
        await talk.button("Close").wait_for()
        assert await axe.violations(talk.page) == []
        await talk.button("Close").click()
        await talk.button("Go on with the conversation").wait_for()
        assert await axe.violations(talk.page) == []
        await talk.button("Go on with the conversation").click()
        await talk.page.context.set_offline(True)
        await talk.say("Written offline.")
        await expect(talk.log.get_by_text("Kept on this device")).to_be_visible()
        assert await axe.violations(talk.page) == []
        await talk.button("Finish the conversation").click()
        await talk.button("Yes, finish").click()
        await expect(talk.page.get_by_text("Waiting until your last words")).to_be_visible()
        assert await axe.violations(talk.page) == []
