// liquidjs_peer: what lava_bench.c measures, on node. One line each: name, renders per second of CPU, text. The filters
// that Liquid does not have are registered here, as small as they can be; Lava's names for the others too.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const { Liquid } = createRequire(resolve('build/node') + '/')('liquidjs')
const engine = new Liquid()
engine.registerFilter('PhoneNumber', (person, type = 'Home') =>
    person.PhoneNumbers.find(p => p.NumberTypeValue.Value.toLowerCase() === type.toLowerCase())?.NumberFormatted)
engine.registerFilter('Remove', (s, what) => String(s).split(what).join(''))
engine.registerFilter('Replace', (s, what, by) => String(s).split(what).join(by))
const patterns = new Map() // compiled once, as Lava does when it parses
engine.registerFilter('RegExReplace', (s, pattern, by) => {
    if (!patterns.has(pattern)) patterns.set(pattern, new RegExp(pattern, 'gu'))
    return String(s).replace(patterns.get(pattern), by)
})

const phone = (type, number, extension, unlisted) => ({ NumberTypeValue: { Value: type }, NumberFormatted: number,
    Extension: extension, IsUnlisted: unlisted, CountryCode: '1' })
const data = { Person: { NickName: 'Ted', LastName: 'Decker', PhoneNumbers: [phone('Mobile', '(602) 555-0101', '', false),
    phone('Home', '(602) 555-0102', '', true), phone('Work', '(602) 555-0134', '114', false)] } }

const templates = {
    phone: `{{ Person | PhoneNumber:'Work' }}`,
    clean: `{% assign n = Person | PhoneNumber:'Work' %}{% if n and n != '' %}{{ n | Remove:'(' | Remove:')' | Replace:' ','-' }}{% endif %}`,
    loop: `{% for p in Person.PhoneNumbers %}{% if p.NumberTypeValue.Value == 'Work' and p.IsUnlisted == false %}{{ p.NumberFormatted }}{% if p.Extension != '' %} x{{ p.Extension }}{% endif %}{% endif %}{% endfor %}`,
    digits: `{{ Person | PhoneNumber:'Work' | RegExReplace:'[^0-9]','' }}`
}

for (const [name, text] of Object.entries(templates)) {
    const template = engine.parse(text)
    for (let i = 0; i < 20000; i++) engine.renderSync(template, data)
    const begin = process.cpuUsage()
    let took, n = 0
    do {
        for (let i = 0; i < 5000; i++) engine.renderSync(template, data)
        n += 5000
        const used = process.cpuUsage(begin)
        took = (used.user + used.system) / 1e6
    } while (took < 2)
    console.log(`${name} ${(n / took).toFixed(0)} ${engine.renderSync(template, data)}`)
}
