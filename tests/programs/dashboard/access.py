"""The keyboard alone, accessibility, themes."""
import pathlib

from page import ENTER, ESCAPE, TAB, TOKEN, Page, begin_incident

ACCESSIBLE = (pathlib.Path(__file__).parent / "accessible.js").read_text(encoding="utf-8")


class Reaches(Page):
    def test_the_keyboard_alone_reaches_everything(self):
        self.serve()
        begin_incident(self.known)
        self.browser.open(self.daemon.address)
        self.sign_in(TOKEN)
        self.wait_text("#incident-list", "Acknowledge")
        self.browser.wait("return document.querySelectorAll('.operations tbody tr').length > 0")
        wanted = self.browser.run("""return [...document.querySelectorAll(
            'button, a[href], input, select, textarea, summary, [tabindex="0"]')]
            .filter(node => node.checkVisibility() && !node.disabled).length""")
        self.browser.run("document.activeElement.blur(); window.reached = new Set();"
                         "window.unmarked = [];")
        for _ in range(wanted + 4):
            self.browser.keys(TAB)
            self.browser.run("""const node = document.activeElement;
                reached.add(node);
                if (node !== document.body && getComputedStyle(node).outlineStyle === 'none')
                    unmarked.push(node.outerHTML.slice(0, 80));""")
        missed = self.browser.run("""return [...document.querySelectorAll(
            'button, a[href], input, select, textarea, summary, [tabindex="0"]')]
            .filter(node => node.checkVisibility() && !node.disabled && !reached.has(node))
            .map(node => node.outerHTML.slice(0, 80))""")
        self.assertEqual(missed, [])
        self.assertEqual(self.browser.run("return unmarked"), [])
        self.browser.run("document.activeElement.blur()")
        self.browser.keys("o")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "operations")
        self.browser.keys("/")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "filter")
        self.browser.keys("?")  # typed, and no list of keys
        self.assertEqual(self.browser.run("return [document.activeElement.value, "
                                          "document.querySelector('#help').open]"), ["?", False])
        self.browser.run("document.activeElement.blur()")
        self.browser.keys("?")
        self.wait_text("#help", "go to incidents and alerts")
        self.browser.keys(ESCAPE)
        self.browser.wait("return !document.querySelector('#help').open")

    def test_no_fault_of_accessibility_in_dark_and_light_wide_and_narrow(self):
        self.serve()
        begin_incident(self.known)
        for scheme in ("light", "dark"):
            for width, phone in ((1440, False), (390, True)):
                with self.subTest(scheme=scheme, width=width):
                    self.browser.scheme(scheme)
                    self.browser.size(width, 900, phone=phone)
                    self.browser.open(self.daemon.address)
                    self.browser.run("sessionStorage.clear()")
                    self.browser.open(self.daemon.address)
                    self.browser.wait("return document.activeElement.id === 'token'")
                    self.no_fault()
                    self.sign_in(TOKEN)
                    self.wait_text("#incident-list", "Acknowledge")
                    self.browser.run("for (const one of document.querySelectorAll('details')) "
                                     "one.open = true; document.querySelector('#history-form')"
                                     ".requestSubmit()")
                    self.wait_text("#history-caption", "in steps")
                    self.no_fault()
                    self.open_operation("SEND_MESSAGE")
                    self.browser.run("for (const one of document.querySelectorAll("
                                     "'dialog details')) one.open = true")
                    self.no_fault()
                    self.browser.keys(ESCAPE)
                    self.click(".incident.open [data-action=silence]")
                    self.wait_text("#act", "2 alerts")
                    self.no_fault()
                    self.browser.keys(ESCAPE)

    def no_fault(self):
        self.assertEqual("\n".join(self.browser.run(ACCESSIBLE)), "")

    def test_the_theme_can_be_chosen_against_the_system(self):
        self.serve()
        self.show()
        ground = "return getComputedStyle(document.body).backgroundColor"
        self.assertEqual(self.browser.run(ground), "rgb(255, 255, 255)")
        self.browser.scheme("dark")
        self.assertEqual(self.browser.run(ground), "rgb(17, 22, 28)")
        self.click("#theme")
        self.assertEqual(self.browser.run(ground), "rgb(255, 255, 255)")
        self.click("#theme")
        self.browser.scheme("light")
        self.assertEqual(self.browser.run(ground), "rgb(17, 22, 28)")
