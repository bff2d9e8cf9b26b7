"""Run names that can be said aloud: `able-crane-41`."""

from __future__ import annotations

_FIRST = (
    "able amber bold brave brisk calm clear cosy deft dire eager early fair fleet fond free glad"
    " grand hale happy idle keen kind late lean light live lost loud lucky mild neat noble odd"
    " pale plain proud quick quiet rare ready royal sharp shy sleek smart snug spry stark stout"
    " sunny swift tame tidy true vast warm wild wise witty young zesty"
).split()
_SECOND = (
    "ant auk bear bee bison carp cat colt crab crane crow deer dove duck eel elk emu ewe finch fox"
    " frog gnu goat goose gull hare hawk heron hen ibex ibis jay kite koi lark lion loon lynx mole"
    " moth mouse mule newt otter owl ox panda pony puma quail ram raven robin rook seal shrew skua"
    " sloth snail stork swan tern tiger toad trout vole wasp whale wolf wren yak"
).split()


def random_name() -> str:
    """A name of two words and a number below 1,000, whatever seed the script has set."""
    import random

    pick = random.SystemRandom()
    return f"{pick.choice(_FIRST)}-{pick.choice(_SECOND)}-{pick.randrange(1000)}"
