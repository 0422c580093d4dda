"""Templates of our own and what they are rendered with: every feature of the language that a chat template may use."""

# Names that the expressions below use.
VARIABLES = {
    "name": "Ada Lovelace", "text": "  two  words\tand a tab \n", "emoji": "a🙂b👩‍🚀é", "empty": "", "markup": "<b>\"it's\" & more</b>",
    "german": "straße ÄÖÜ", "lines": "one\ntwo\r\nthree\n\nfive", "csv": "a,b,,c", "quote": "it's", "both": "it's \"so\"", "control": "\x00\x1f\x7f\u00a0\u2028é😀",
    "n": 7, "zero": 0, "neg": -7, "f": 2.5, "big": 1e16, "small": 1e-05, "whole": 3.0, "t": True, "no": False, "nothing": None,
    "list": [3, 1, 2], "words": ["pear", "Apple", "fig", "apple"], "nested": [[1, 2], [3, [4, 5]]], "mixed": [1, "a", None, True, 2.5, [], {}],
    "users": [{"name": "Bob", "age": 30, "tags": ["x", "y"]}, {"name": "alice", "age": 25, "tags": []}, {"name": "Carl", "age": 30, "tags": ["z"]}],
    "d": {"b": 2, "a": 1, "C": 3, "items": "mine", "key with space": [1]}, "deep": {"a": {"b": {"c": "found"}}},
    "json": {"text": "a\"b\\c\n\t/é🙂", "n": 1, "f": 1.0, "e": 1e100, "list": [], "dict": {}, "none": None, "t": True, "nested": {"list": [1, [2, {"a": None}]]}},
}

EXPRESSIONS = r"""
1 + 2 * 3 - 4
(1 + 2) * 3
7 / 2
8 / 2
7 // 2
-7 // 2
7 // -2
-7 % 3
7 % -3
7.5 % 2
-7.5 // 2
7.5 // 2
2 ** 10
2 ** -1
2 ** 3 ** 2
-2 ** 2
2 ** 0.5
1_000 + 0x1F + 0b101 + 0o17
1.5e3
1e2
1.0
1e16
123456789012345680.0
1e15
0.0001
0.00001
1.1 + 2.2
100 / 3
-0.0
1e308 * 10
+5
- -5
true + 1
true * 3
1 / 0
1 // 0
1 % 0
1.0 / 0
9223372036854775807
'a' + 'b'
'a' * 3
3 * 'ab'
'a' * 0
'a' * -1
[1, 2] + [3]
[1] * 3
(1, 2) + (3,)
(1)
(1,)
()
1, 2
[]
[1, 'a', none, true, 1.5, [2], (3,), {'a': 1}]
{}
{'a': 1, 'b': [1, 2], 3: none}
'a' 'b' "c"
'a' ~ 1 ~ none ~ true ~ [1, 'x'] ~ undefined_name
1 + 'a'
'a' + 1
'a' - 'b'
[1] + (2,)
none + 1
undefined_name + 1
undefined_name
undefined_name.attribute
undefined_name['x']
undefined_name()
undefined_name is defined
deep.a.b.c
deep['a']['b'].c
deep.a.x
deep.a.x is defined
deep.a.x.y
deep.x.y is defined
d['items']
d.b
d['key with space'][0]
d.missing
d.missing is none
d.get('a')
d.get('x')
d.get('x', 'other')
d.keys() | list
d.values() | list
d.items() | list
d.items() | length
list.0
nested.1.1.0
list[0]
list[-1]
list[3]
list[3] is defined
list['x']
name[0]
name[-1]
name[100]
emoji[1]
emoji[-1]
emoji | length
emoji[::-1]
emoji[1:3]
name[:3]
name[-3:]
name[::2]
name[::-1]
name[5:2]
name[10:100]
name[-100:2]
list[1:]
list[:-1]
list[::-1]
list[::2]
list[5:]
list[::0]
list['a':]
nested[0][1]
(1, 2, 3)[1:]
range(5)
range(5) | list
range(2, 8, 3) | list
range(5, 0, -2) | list
range(0) | list
range(3)[1]
range(10)[2:4] | list
range(3) | length
range(1, 2, 0)
range()
range('a')
range(10000000)
1 < 2
1 < 2 < 3
1 < 3 < 2
1 == 1.0
1 == true
'1' == 1
none == none
undefined_name == undefined_other
undefined_name == none
[1, 2] == [1, 2]
[1, 2] == (1, 2)
{'a': 1} == {'a': 1.0}
'a' < 'b'
'Z' < 'a'
'a' < 1
[1, 2] < [1, 3]
[1] < [1, 0]
1 != 2
2 >= 2
3 > 4
none < 1
1 in [1, 2]
'1' in [1, 2]
'a' in 'abc'
'' in 'abc'
1 in 'abc'
'a' in d
'x' in d
'x' not in d
3 not in list
not 3 in list
1 in 5
'a' in undefined_name
[1] in [[1]]
true and false
true or false
1 and 2
0 or 'x'
'' or none
not 1
not not ''
not []
not {}
1 and 0 or 3
(0 or 1) and 2
'yes' if n else 'no'
'yes' if zero else 'no'
'yes' if zero
('yes' if zero) is defined
1 if zero else 2 if zero else 3
name | upper
name | lower
name.upper()
name.lower()
name.title()
name | title
name | capitalize
"it's a dog's-life (yes) x" | title
"it's a dog's-life (yes) x".title()
"it's".capitalize()
name.swapcase()
german | upper
german.upper()
german | capitalize
text | trim
text.strip()
text.lstrip()
text.rstrip()
'xxaxx'.strip('x')
'xyaxy'.strip('yx')
'xxaxx'.lstrip('x')
'xxaxx' | trim('x')
none | trim
5 | trim
'a b  c'.split()
'  a b  c '.split()
csv.split(',')
csv.split(',', 1)
csv.split(',', maxsplit=2)
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
' a  b c '.split(' ')
csv.rsplit(',', 1)
csv.split('')
csv.split('zz')
''.split()
''.split(',')
csv.partition(',')
csv.rpartition(',')
csv.partition('zz')
csv.rpartition('zz')
lines.splitlines()
lines.splitlines(true)
'a-b-c'.replace('-', '+')
'a-b-c'.replace('-', '+', 1)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
'abc' | replace('b', 'X')
'aaa' | replace('a', 'b', 2)
'aaa' | replace('', '-')
5 | replace('5', 'five')
'abc'.replace('a', 1)
'prefix-x'.removeprefix('prefix-')
'x.txt'.removesuffix('.txt')
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.endswith('bc')
'abc'.endswith('')
'abcabc'.find('c')
'abcabc'.find('c', 3)
'abcabc'.find('x')
'abcabc'.rfind('c')
'abcabc'.index('b')
'abcabc'.index('x')
emoji.find('b')
'abcabc'.count('bc')
'abc'.count('')
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1, 2])
'ab'.center(7, '*')
'abc'.center(8)
'abc' | center(9)
'ab'.ljust(5) ~ '|'
'ab'.rjust(5, '.')
'42'.zfill(5)
'-42'.zfill(5)
'42'.isdigit()
'4a'.isdigit()
''.isdigit()
'ab'.isalpha()
'ab1'.isalnum()
' \t'.isspace()
'abC'.islower()
'ABC'.isupper()
'a{}b{}'.format(1, 'x')
'{1}{0}'.format('a', 'b')
'{x}-{y}'.format(x=1, y=none)
'{{}}'.format()
'{} {}'.format(1)
'%s is %d or %5.2f|%-5s|%05d|%x|%r|%%' % ('a', 3, 2.5, 'l', 42, 255, 'q')
'%s' % 'x'
'%s and %s' | format('a', 'b')
'%s %s' % ('a',)
'%d' % 'a'
'a' % 1
'abc'.nothing
'abc'.nothing()
'abc'.__class__
list | length
name | length
d | length
none | length
5 | length
undefined_name | length
list | count
list | first
list | last
[] | first
[] | last
'' | first
name | first
list | sum
[] | sum
users | sum(attribute='age')
[1.5, 2] | sum
list | sum(start=10)
['a'] | sum
list | max
list | min
words | max
words | min
words | max(case_sensitive=true)
[] | max
users | max(attribute='age')
list | sort
list | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
words | sort(reverse=true)
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name') | map(attribute='name') | list
users | sort(attribute='age', reverse=true) | map(attribute='name') | list
mixed | sort
list | reverse | list
name | reverse
list | join
list | join(', ')
users | join(', ', attribute='name')
mixed | join('|')
'abc' | join('-')
none | join
5 | join
words | unique | list
words | unique(case_sensitive=true) | list
[1, 1.0, true, 2] | unique | list
users | map(attribute='name') | list
users | map(attribute='tags.0') | list
users | map(attribute='tags.0', default='-') | list
users | map(attribute='x') | list
words | map('upper') | list
words | map('replace', 'p', 'q') | list
words | map('nothing') | list
users | selectattr('age', 'equalto', 30) | map(attribute='name') | list
users | selectattr('age', '>', 26) | map(attribute='name') | list
users | selectattr('tags') | map(attribute='name') | list
users | rejectattr('age', 'eq', 30) | map(attribute='name') | list
users | selectattr('x', 'defined') | list
users | selectattr('name', 'in', ['Bob']) | map(attribute='age') | list
list | select('odd') | list
list | reject('odd') | list
mixed | select | list
mixed | reject('none') | list | length
list | select('>', 1) | list
list | select('nothing') | list
(users | selectattr('age', 'equalto', 99)) is iterable
'yes' if users | selectattr('age', 'equalto', 99) else 'no'
users | selectattr('age') | length
(users | selectattr('age'))[0]
(users | selectattr('age') | list)[0].name
users | selectattr('age') | first
users | groupby('age') | map(attribute='grouper') | list
users | groupby('age') | map(attribute='list') | map('length') | list
(users | groupby('age'))[0].list[0].name
words | groupby('0') | map('first') | list
d | dictsort
d | dictsort(true)
d | dictsort(by='value')
{'x': 3, 'y': 1} | dictsort(by='value', reverse=true)
d | dictsort(by='other')
d | items | list
undefined_name | items | list
d | list
'abc' | list
5 | list
list | batch(2) | list
list | batch(2, 'x') | list
[1, 2, 3, 4, 5] | slice(3) | list
[1, 2, 3, 4, 5] | slice(3, 'x') | list
nothing | default('x')
undefined_name | default('x')
undefined_name | d
'' | default('x')
'' | default('x', true)
deep.a.x | default('none')
neg | abs
-2.5 | abs
'a' | abs
'42' | int
'42.9' | int
' 7 ' | int
'x' | int
'x' | int(5)
'ff' | int(0, 16)
'0x1f' | int(0, 16)
none | int
2.9 | int
-2.9 | int
true | int
'1.5' | float
'x' | float
'x' | float(1.5)
3 | float
'1e3' | float
2.5 | round
3.5 | round
2.675 | round(2)
0.125 | round(2)
1.005 | round(2)
42.55 | round(1, 'floor')
42.51 | round(1, 'ceil')
42 | round
1234.5678 | round(3)
0.5 | round
-1.5 | round
5 | string
none | string
undefined_name | string
[1, 'a'] | string
markup | escape
markup | e
5 | e
'a' | safe
lines | indent
lines | indent(2)
lines | indent(2, true)
lines | indent(2, false, true)
lines | indent('> ')
'' | indent
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(11)
'foo bar baz qux' | truncate(11, false, '...', 0)
'foo bar baz qux' | truncate(2)
'a b  c' | wordcount
'a b/ü&x=1' | urlencode
name | nothing
d | attr('b')
name | upper | lower | title
-1 | abs
(1, 2) | list
(-1) | abs
json | tojson
json | tojson(indent=2)
json | tojson(2)
json | tojson(ensure_ascii=true)
json | tojson(sort_keys=true)
json | tojson(separators=(',', ':'))
json | tojson(indent=1, separators=(' ,', ' : '))
[] | tojson(indent=2)
{} | tojson(indent=2)
[[], {}] | tojson(indent=2)
(1, 2) | tojson
{1: 'a', none: 'b', true: 'c', 1.5: 'd'} | tojson
control | tojson
control | tojson(ensure_ascii=true)
1e16 | tojson
2.0 | tojson
undefined_name | tojson
range(3) | tojson
d.items() | tojson
users | map(attribute='age') | tojson
'<script>' | tojson
json
mixed
quote
[quote, both, 'x', '\n\t\\']
[control]
[emoji, german]
nested
[1.0, 1e16, 1e-5, 123456789.123]
n is defined
nothing is none
nothing is not none
n is number
f is number
t is number
'1' is number
n is integer
t is integer
f is float
n is float
name is string
n is string
d is mapping
list is mapping
list is sequence
name is sequence
d is sequence
n is sequence
undefined_name is sequence
list is iterable
n is iterable
none is iterable
undefined_name is iterable
t is boolean
n is boolean
t is true
no is false
n is true
1 is true
n is odd
n is even
n is divisibleby 7
n is divisibleby(2)
n is divisibleby 0
'a' is odd
'abc' is lower
'aBc' is lower
'ABC' is upper
'' is lower
n is eq 7
n is equalto 8
n is ne 8
n is lt 8
n is gt(6)
n is ge 7
n is lessthan 1
n is in list
3 is in [1, 2, 3]
3 is not in list
name is sameas name
none is sameas none
1 is sameas true
range is callable
name is callable
name.upper is callable
'upper' is filter
'nothing' is filter
'odd' is test
n is nothing
n is defined and n > 3
n is defined or x
not n is defined
n is not defined
x is defined and x.y
n is string or n is number
name is string and name | length > 3
'a' if n is string else 'b'
list is defined and list | length > 2
namespace(a=1).a
namespace({'a': 1}, b=2).b
namespace(a=1).x
namespace(a=1).x is defined
dict(a=1, b=2)
dict({'a': 1}, b=2)
name.upper(1)
name.strip(1)
d.get()
list | join(x=1)
list | sort(1, 2, 3, 4)
list.append(4)
list.pop()
d.pop('a')
d.update({})
list.index(1)
list.index(9)
list.count(1)
loop
caller
'\n\t\\\'\"\x41\u00e9\U0001F642\101\q'
"a\
b"
'a' "b"
'{{ not code }}'
'%}'
{'a': {'b': 1}}
{'a': {'b': {'c': 1}}}['a']['b']['c']
[1, 2, 3][1]
'abc'[1]
(1, 2)[0]
{'a': 1}.a
'a'.upper()
'A' | lower ~ 'B' | lower
1 ~ 2 + 3
2 * 3 ~ 4
1 + 2 ~ 3 * 4
- list | first
-7 | abs
not n == 7
1 == 1 and 2 == 2
1 if true else 2 + 3
n|string + 'x'
' a  b c '.split(none, 0)
' a  b c '.rsplit(none, 5)
' a  '.split(none, 1)
name.upper()[0]
(name | attr('upper'))()
name | attr('nothing') is defined
[undefined_name]
[1, 2] | tojson(true)
'é' | tojson(true)
'%5s|%-5s|%.1s|%+d' % ('a', 'b', 'cd', 5)
'ÀÉ' | lower
'ǆ' | title
"l'été d'été" | title
"l'été d'été".title()
'日本語テキスト'[1:3]
'日本語' | length
'a\u00a0b' | trim
'\u2003x\u2003'.strip()
'a\x0bb\x0cc'.splitlines()
'abc' * 2 + 'd'
{'a': 1, 'a': 2}
{1: 'int', true: 'bool'}
{[1]: 2}
{'a': 1}[1]
{1: 'x'}[1.0]
users[0].tags[-1]
users[-1]['name'][0]
(users | first).name
users | map(attribute='tags') | map('join', '+') | list
users | map(attribute='age') | sum
users | map(attribute='name') | join(', ')
users | map('items') | map('list') | first
words | select('in', ['fig']) | list
[[1, 2], [3]] | sum(start=[])
[1, [2, [3]]] | string | length
'a,b' .split(',') | last
list | sort | join
not list
(not n) is false
n is not none and n is not string
'a' in ['a'] and 'b' not in ['a']
'x' if 'a' in 'abc' and n > 3 else 'y'
-n
- n | abs
-(n)
+f
n ** 2 / 7
n // 2 * 2 + n % 2
nothing | map(attribute='x') | list
emoji | wordcount
"it's 1.5 a_b" | wordcount
big % whole
-7.5 % 2.5
7.5 % -2
-1.0 // 3
1e16 // 3.0
0.5 is odd
2.5 is even
undefined_name is callable
nothing | selectattr('x') | list
no | select | list
zero | reject('none') | list
n | map('upper') | list
n[1:]
d[1:]
(list | select)[1:]
'abc' | groupby('age')
strftime_now('%Q %!')
1.0 // 0.3
5 % 3.5
10 ** 18
1e15 + 0.5
1e22
1.5e300 * 1e10
0.1 + 0.2
3.0 * 2
2 * 3.5
7 // 1.0
1 / 3
100000000000000000000.0
5e-324
0.1
-0.5 | round
'a\
b'
list|length == 3
n is number == true
""".strip("\n").replace("\"a\\\nb\"", "\"a\\\\\nb\"").split("\n")

TEMPLATES = {
    "empty": "",
    "text": "Hello\n",
    "trailing newlines": "Hello\n\n",
    "carriage returns": "a\r\nb\rc\n{% if true %}\r\nd{% endif %}\r\n",
    "comment": "a{# gone {{ n }} {% x %} #}b",
    "comment line": "a\n  {# gone #}\nb",
    "comment signs": "a {#- gone -#} b {#+ x +#} c",
    "comment many lines": "a{# one\ntwo\n#}\nb {{ n }}",
    "trim blocks": "{% if true %}\nyes\n{% endif %}\nend\n",
    "lstrip blocks": "a\n   {% if true %}\n   yes\n   {% endif %}\nend",
    "lstrip tabs": "a\n\t {% if true %}\nyes\n\t{% endif %}end",
    "lstrip after text": "a {% if true %} b {% endif %} c",
    "lstrip at start": "   {% if true %}x{% endif %}",
    "lstrip after tag": "{% if true %}   {% if true %}x{% endif %}{% endif %}",
    "lstrip plus": "a\n   {%+ if true %}\nx{% endif %}",
    "trim plus": "{% if true +%}\nx{% endif +%}\ny",
    "variable spaces": "a\n  {{ n }}  \nb",
    "variable newline": "{{ n }}\n{{ n }}\n",
    "minus": "a \n {%- if true -%} \n b \n {%- endif -%} \n c",
    "minus variable": "a \n {{- n -}} \n b",
    "minus mixed": "a {%- if true %} b {% endif -%} c",
    "minus before text": "{{ n -}}\n\n   x",
    "raw": "{% raw %}{{ n }} {% if %}{# x #}{% endraw %} {{ n }}",
    "raw lines": "a\n{% raw %}\n{{ n }}\n{% endraw %}\nb",
    "raw minus": "a {%- raw -%} \n {{ n }} \n {%- endraw -%} \n b",
    "raw in if": "{% if true %}{% raw %}{%{% endraw %}{% endif %}",
    "if": "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}",
    "elif": "{% for n in [9, 4, 1] %}{% if n > 5 %}big{% elif n > 3 %}mid{% elif n > 2 %}x{% else %}small{% endif %} {% endfor %}",
    "if colon": "{% if n: %}x{% else: %}y{% endif %}",
    "for": "{% for x in list %}{{ x }},{% endfor %}",
    "for else": "{% for x in [] %}{{ x }}{% else %}none{% endfor %}",
    "for else not": "{% for x in [1] %}{{ x }}{% else %}none{% endfor %}",
    "for filter": "{% for x in range(10) if x is odd %}{{ x }}{{ ',' if not loop.last }}{% endfor %}",
    "for filter else": "{% for x in range(10) if x > 20 %}{{ x }}{% else %}none{% endfor %}",
    "for text": "{% for c in emoji %}[{{ c }}]{% endfor %}",
    "for dict": "{% for k in d %}{{ k }};{% endfor %}",
    "for items": "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "for items filter": "{% for k, v in d | items %}{{ k }}={{ v }};{% endfor %}",
    "for dictsort": "{% for k, v in d | dictsort %}{{ k }}={{ v }};{% endfor %}",
    "for nested unpacking": "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "for unpacking error": "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "for undefined": "{% for x in undefined_name %}x{% else %}none{% endfor %}",
    "for none": "{% for x in none %}x{% endfor %}",
    "for number": "{% for x in 5 %}x{% endfor %}",
    "for tuple": "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
    "loop": "{% for x in 'abc' %}{{ loop.index }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }} {{ loop.length }} {{ loop.depth }} {{ loop.depth0 }}\n{% endfor %}",
    "loop neighbours": "{% for x in list %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {{ loop.previtem is defined }} {{ loop.nextitem is undefined }};{% endfor %}",
    "loop cycle": "{% for x in range(5) %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "loop changed": "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}",
    "loop nested": "{% for x in [1, 2] %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}",
    "loop missing": "{% for x in [1] %}{{ loop.nothing }}{{ loop.nothing is defined }}{% endfor %}",
    "loop outside": "{{ loop is defined }}{% for x in [1] %}{{ loop is defined }}{% endfor %}",
    "loop length of a filter": "{% for x in list | select('odd') %}{{ loop.index }}/{{ loop.length }}{{ loop.last }} {% endfor %}",
    "recursive": "{% for x in nested recursive %}{% if x is number %}{{ x }}{% else %}({{ loop(x) }}){% endif %}{{ loop.depth }}{% endfor %}",
    "recursive not": "{% for x in nested %}{{ loop(x) }}{% endfor %}",
    "break": "{% for x in range(10) %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "continue": "{% for x in range(5) %}{% if x == 3 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "break inner": "{% for x in [1, 2] %}{% for y in [1, 2, 3] %}{% if y == 2 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
    "break else": "{% for x in [1] %}{% break %}{% else %}none{% endfor %}",
    "break outside": "{% break %}",
    "set": "{% set x = 1 %}{% set y = x + 1 %}{{ x }}{{ y }}",
    "set tuple": "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}",
    "set in if": "{% if true %}{% set x = 1 %}{% endif %}{{ x }}",
    "set in for": "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + 1 %}{{ x }} {% endfor %}{{ x }}",
    "set block": "{% set x %}a{{ n }}b{% endset %}{{ x }}{{ x | length }}",
    "set block filter": "{% set x | upper | trim %} abc {% endset %}[{{ x }}]",
    "set block scope": "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}",
    "set attribute": "{% set d.x = 1 %}",
    "set over input": "{% set name = 'x' %}{{ name }}",
    "set constant": "{% set none = 1 %}",
    "namespace": "{% set ns = namespace(x=0) %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "namespace tuple": "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}",
    "namespace missing": "{% set ns = namespace() %}{{ ns.a is defined }}{{ ns.a }}{{ ns['a'] }}",
    "with": "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "with outer": "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "with set": "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a is defined }}",
    "macro": "{% macro hello(x, y='!') %}Hello {{ x }}{{ y }}{% endmacro %}{{ hello('A') }}{{ hello('B', '?') }}{{ hello(y='.', x='C') }}",
    "macro missing": "{% macro f(x) %}[{{ x }}{{ x is defined }}]{% endmacro %}{{ f() }}",
    "macro too many": "{% macro f(x) %}{% endmacro %}{{ f(1, 2) }}",
    "macro unknown": "{% macro f(x) %}{% endmacro %}{{ f(y=2) }}",
    "macro twice": "{% macro f(x) %}{% endmacro %}{{ f(1, x=2) }}",
    "macro varargs": "{% macro f(x) %}{{ x }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, a=4) }}",
    "macro default": "{% macro f(x, y=x) %}{{ x }}{{ y }}{% endmacro %}{{ f(1) }}",
    "macro bad default": "{% macro f(x=1, y) %}{% endmacro %}",
    "macro recursion": "{% macro f(x) %}{{ x }}{% if x > 0 %}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "macro sees": "{% set a = 1 %}{% macro f() %}{{ a }}{{ name }}{% endmacro %}{% set a = 2 %}{{ f() }}",
    "macro sees no loop": "{% macro f() %}{{ x is defined }}{% endmacro %}{% for x in [1] %}{{ f() }}{% endfor %}",
    "macro in for": "{% for x in [1, 2] %}{% macro f() %}{{ x }}{% endmacro %}{{ f() }}{% endfor %}",
    "macro before": "{{ f() }}{% macro f() %}{% endmacro %}",
    "macro result": "{% macro f() %} a {% endmacro %}{{ f() | trim | upper }}{{ f() is string }}{{ f() ~ 1 }}",
    "macro name": "{% macro f() %}{% endmacro %}{{ f.name }}",
    "macro star": "{% macro f(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(*[1, 2, 3]) }}{{ f(1, **{'b': 2, 'c': 3}) }}",
    "call": "{% macro f(x) %}[{{ caller() }}{{ x }}]{% endmacro %}{% call f(1) %}body{{ n }}{% endcall %}",
    "call arguments": "{% macro f(xs) %}{% for x in xs %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(x, i) f(list) %}<{{ i }}:{{ x }}>{% endcall %}",
    "call without caller": "{% macro f() %}{% endmacro %}{% call f() %}{% endcall %}",
    "call default": "{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}",
    "call scope": "{% set a = 1 %}{% macro f() %}{% set a = 2 %}{{ caller() }}{% endmacro %}{% call f() %}{{ a }}{% endcall %}",
    "call no call": "{% call n %}{% endcall %}",
    "filter block": "{% filter upper %}a{{ name }}{% endfilter %}",
    "filter block chain": "{% filter trim | replace('a', 'b') %} abca {% endfilter %}",
    "print": "{% print n %}{% print 1, 2 %}",
    "generation": "{% for m in users %}{{ m.name }}:{% generation %}{{ m.age }}!{% endgeneration %}\n{% endfor %}",
    "generation scope": "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x is defined }}",
    "strftime": "{{ strftime_now('%Y-%m-%d %H:%M:%S %d %b %Y %B %a %A %j %p %I %y %% %e %w %u %F %T %D') }}",
    "strftime defined": "{{ strftime_now is defined }}{{ raise_exception is defined }}{{ range is defined }}",
    "raise": "{{ raise_exception('No!') }}",
    "raise not": "{{ 'fine' if true else raise_exception('No!') }}",
    "short circuit": "{{ false and raise_exception('No!') }}{{ true or raise_exception('No!') }}",
    "joiner": "{% set j = joiner('|') %}{% for x in list %}{{ j() }}{{ x }}{% endfor %}",
    "cycler": "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}",
    "generator once": "{% set xs = list | select('odd') %}{% for x in xs %}{{ x }}{% endfor %}|{% for x in xs %}{{ x }}{% endfor %}",
    "list twice": "{% set xs = list | select('odd') | list %}{% for x in xs %}{{ x }}{% endfor %}|{% for x in xs %}{{ x }}{% endfor %}",
    "keywords": "{% set if = 'a' %}{% set in = 'abc' %}{% if if in in %}b{% endif %}",
    "unclosed if": "{% if true %}x",
    "unclosed for": "a\n{% for x in list %}\nx",
    "unclosed variable": "a {{ n",
    "unclosed block": "a {% if n",
    "unclosed comment": "a {# b",
    "unclosed raw": "a {% raw %} b",
    "unclosed text": "{{ 'abc }}",
    "unclosed bracket": "{{ (1 }}",
    "wrong bracket": "{{ (1] }}",
    "stray end": "a{% endif %}",
    "stray else": "a{% else %}",
    "wrong end": "{% if true %}{% endfor %}",
    "unknown tag": "{% nothing %}",
    "no tag": "{% %}",
    "no expression": "{{ }}",
    "two expressions": "{{ 1 2 }}",
    "bad character": "{{ 1 ? 2 }}",
    "bad operator": "{{ 1 + }}",
    "bad attribute": "{{ n. }}",
    "bad filter": "{{ n | }}",
    "bad for": "{% for in list %}{% endfor %}",
    "bad set": "{% set 1 = 2 %}",
    "bad call": "{{ f(a=1, 2) }}",
    "closing alone": "a }} b %} c #} d",
    "brace alone": "a { b } c {x} { {",
    "dict at end": "{{ {'a': {'b': 1}}}}",
    "spaces within": "{{n}}{%if n%}x{%endif%}{{   n   }}",
    "lines within": "{{\n n\n +\n 1\n}}{%\nif\nn\n%}x{% endif %}",
}
