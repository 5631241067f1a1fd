"""check_junit.py FILE TESTS FAILURES ERRORS: as the junitparser library reads it."""
import sys

from junitparser import JUnitXml

path, *expected = sys.argv[1:]
xml = JUnitXml.fromfile(path)
cases = [case for suite in xml for case in suite]
kinds = [type(result).__name__ for case in cases for result in case.result]
found = [len(cases), kinds.count("Failure"), kinds.count("Error")]
assert found == [int(number) for number in expected], found
told = [sum(getattr(suite, name) for suite in xml) for name in ("tests", "failures", "errors")]
assert told == found, told
